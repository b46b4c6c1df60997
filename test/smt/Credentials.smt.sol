// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CredentialLife
/// @notice The life of one credential as the registry keeps it: granted, suspended, restored, revoked, run out.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract CredentialLife {
    uint40 private _now;
    uint40 private _from;
    uint40 private _until;
    uint64 private _id;
    bool private _suspended;

    // What has happened to the credential that stands in the slot.
    uint64 private _granted;
    bool private _wasRevoked;
    uint40 private _revokedAt;

    function pass(uint16 time) external {
        require(_now <= type(uint40).max - time);
        _now += time;
    }

    function grant(uint40 from, uint40 until) external {
        require(from < until && until > _now);
        require(_granted < type(uint64).max);
        _granted += 1;
        (_from, _until, _id, _suspended) = (from, until, _granted, false);
        _wasRevoked = false;
    }

    function suspend() external {
        require(_id != 0 && !_suspended);
        _suspended = true;
    }

    function restore() external {
        require(_id != 0 && _suspended);
        _suspended = false;
    }

    function revoke() external {
        require(_id != 0);
        (_from, _until, _id, _suspended) = (0, 0, 0, false);
        _wasRevoked = true;
        _revokedAt = _now;
    }

    function isValid() public view returns (bool) {
        return _now >= _from && _now < _until && !_suspended;
    }

    /// @notice Valid exactly in [from, until), never while suspended, never once revoked.
    function checkValidity() external view {
        if (isValid()) {
            assert(_id != 0);
            assert(!_suspended);
            assert(!_wasRevoked);
            assert(_from <= _now && _now < _until);
        }
    }

    /// @notice A revoked credential stays revoked until a new one, with a higher number, is granted.
    function checkRevocationIsFinal() external view {
        if (_wasRevoked) {
            assert(_id == 0);
            assert(_revokedAt <= _now);
        }
        assert(_id <= _granted);
    }
}

/// @title CredentialAuthorities
/// @notice A root, who it delegates to, and who they delegate to, with the depths and the ends of their authorities.
contract CredentialAuthorities {
    uint8 private constant MAX_DEPTH = 4;

    // Number zero: no authority. A new one always has a new number.
    uint32 private _count;
    uint32 private _root;
    uint32 private _child;
    uint32 private _leaf;
    uint32 private _childParent;
    uint32 private _leafParent;
    uint8 private _rootDepth;
    uint8 private _childDepth;
    uint8 private _leafDepth;

    // The authority that was ended last.
    uint32 private _ended;

    function _standsRoot() private view returns (bool) {
        return _root != 0;
    }

    function _standsChild() private view returns (bool) {
        return _child != 0 && _childParent == _root && _standsRoot();
    }

    function _standsLeaf() private view returns (bool) {
        return _leaf != 0 && _leafParent == _child && _standsChild();
    }

    function _next() private returns (uint32) {
        require(_count < type(uint32).max);
        _count += 1;
        return _count;
    }

    function appoint(uint8 depth) external {
        require(depth <= MAX_DEPTH && !_standsRoot());
        _rootDepth = depth;
        _root = _next();
    }

    function delegateToChild(uint8 depth) external {
        require(_standsRoot() && depth < _rootDepth && !_standsChild());
        (_childParent, _childDepth) = (_root, depth);
        _child = _next();
    }

    function delegateToLeaf(uint8 depth) external {
        require(_standsChild() && depth < _childDepth && !_standsLeaf());
        (_leafParent, _leafDepth) = (_child, depth);
        _leaf = _next();
    }

    function endRoot() external {
        require(_root != 0);
        (_ended, _root) = (_root, 0);
    }

    function endChild() external {
        require(_child != 0);
        (_ended, _child) = (_child, 0);
    }

    function endLeaf() external {
        require(_leaf != 0);
        (_ended, _leaf) = (_leaf, 0);
    }

    /// @notice Who stands has everybody above it standing, less depth than they have, and an authority that never ended.
    function checkStanding() external view {
        if (_standsLeaf()) {
            assert(_standsChild() && _standsRoot());
            assert(_leafDepth < _childDepth && _childDepth < _rootDepth && _rootDepth <= MAX_DEPTH);
            assert(_leaf != _ended && _child != _ended && _root != _ended);
        }
    }

    /// @notice No authority has the number of another, so an ended one is not revived by a new one.
    function checkNumbers() external view {
        assert(_root <= _count && _child <= _count && _leaf <= _count && _ended <= _count);
        assert(_root == 0 || (_root != _child && _root != _leaf));
        assert(_child == 0 || _child != _leaf);
    }
}

/// @title CredentialLifeRefuted
/// @notice The same question about a registry that forgets to look at the suspension: the checker must find the hole.
contract CredentialLifeRefuted {
    bool private _suspended;
    bool private _held;

    function grant() external {
        _held = true;
    }

    function suspend() external {
        _suspended = true;
    }

    function checkValidity() external view {
        if (_held) assert(!_suspended);
    }
}
