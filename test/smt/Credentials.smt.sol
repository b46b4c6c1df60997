// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CredentialLife
/// @notice The life of one credential as the registry keeps it: granted, suspended, restored, revoked, run out.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract CredentialLife {
    uint256 private _now;
    // The slot: all zero when nothing is kept.
    uint256 private _from;
    uint256 private _until;
    bool private _suspended;

    // What has happened to it.
    bool private _granted;
    bool private _wasRevoked;
    bool private _isSuspended;

    function pass(uint16 time) external {
        _now += time;
    }

    function grant(uint256 from, uint256 until) external {
        require(from < until && until > _now && !_suspended);
        (_from, _until, _suspended) = (from, until, false);
        (_granted, _wasRevoked, _isSuspended) = (true, false, false);
    }

    function suspend() external {
        require(_until != 0 && !_suspended);
        _suspended = true;
        _isSuspended = true;
    }

    function restore() external {
        require(_until != 0 && _suspended);
        _suspended = false;
        _isSuspended = false;
    }

    function revoke() external {
        require(_until != 0);
        (_from, _until, _suspended) = (0, 0, false);
        _wasRevoked = true;
    }

    /// @notice Valid exactly in [from, until), never while suspended, never once revoked.
    function checkValidity() external view {
        if (_now < _from || _now >= _until || _suspended) return;
        assert(_granted);
        assert(!_wasRevoked);
        assert(!_isSuspended);
    }
}

/// @title CredentialAuthorities
/// @notice Any authority and one it delegated, on whatever level, with their depths and their ends.
contract CredentialAuthorities {
    uint256 private constant MAX_DEPTH = 4;

    // Whether each has an authority that did not end, and whether the lower one's parent is the upper one of today: a
    // new authority has a new number, so what hung on the old one hangs on nothing.
    bool private _upper;
    bool private _lower;
    bool private _hangs;
    uint256 private _upperDepth;
    uint256 private _lowerDepth;

    function seatUpper(uint256 depth) external {
        require(!_upper && depth <= MAX_DEPTH);
        (_upper, _upperDepth, _hangs) = (true, depth, false);
    }

    function delegate(uint256 depth) external {
        require(_upper && depth < _upperDepth);
        require(!(_lower && _hangs));
        (_lower, _hangs, _lowerDepth) = (true, true, depth);
    }

    function endUpper() external {
        _upper = false;
    }

    function endLower() external {
        _lower = false;
    }

    /// @notice Who stands has less depth than the one above, so no walk up the tree passes more than MAX_DEPTH others.
    function checkDepths() external view {
        if (!(_lower && _hangs && _upper)) return;
        assert(_lowerDepth < _upperDepth);
        assert(_upperDepth <= MAX_DEPTH);
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
