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

/// @title CredentialAuthoritiesRefuted
/// @notice A registry in which an authority may delegate as deep as it is itself: the walk up the tree has no end.
contract CredentialAuthoritiesRefuted {
    uint256 private _upperDepth = 4;
    uint256 private _lowerDepth;
    bool private _lower;

    function delegate(uint256 depth) external {
        require(depth <= _upperDepth);
        (_lower, _lowerDepth) = (true, depth);
    }

    function checkDepths() external view {
        assert(!_lower || _lowerDepth < _upperDepth);
    }
}

/// @title CredentialReach
/// @notice A suspension ends by the hand of the authority that suspended, of one above it or of a root, and of nobody else.
/// @dev `CredentialRegistry.grant`, `suspend`, `restore` and `revoke` with `_requireReach`, in one line of authorities from
/// the root, 0, down: a higher number is further below. Here anybody grants what is not suspended, as after its time. Left
/// out: authorities beside the line, which reach nothing of it, and authorities that end.
contract CredentialReach {
    bool internal _held;
    bool internal _suspended;
    uint256 internal _keeper;

    // Who suspended, and whether somebody below lifted it.
    uint256 internal _suspendedBy;
    bool internal _liftedFromBelow;

    function grant(uint256 by) external {
        require(!_suspended);
        (_held, _keeper) = (true, by);
    }

    function suspend(uint256 by) external {
        require(_held && !_suspended && _keeper >= by);
        (_suspended, _keeper, _suspendedBy) = (true, by, by);
    }

    function restore(uint256 by) external virtual {
        require(_held && _suspended && _keeper >= by);
        _liftedFromBelow = _liftedFromBelow || by > _suspendedBy;
        _suspended = false;
    }

    function revoke(uint256 by) external {
        require(_held && _keeper >= by);
        _liftedFromBelow = _liftedFromBelow || (_suspended && by > _suspendedBy);
        (_held, _suspended) = (false, false);
    }

    function checkReach() external view {
        assert(!_liftedFromBelow);
    }
}

/// @title CredentialReachRefuted
/// @notice A registry in which any authority restores.
contract CredentialReachRefuted is CredentialReach {
    function restore(uint256 by) external override {
        require(_held && _suspended);
        _liftedFromBelow = _liftedFromBelow || by > _suspendedBy;
        _suspended = false;
    }
}

/// @title RequestOnce
/// @notice What was signed for one number is carried out at most once.
/// @dev The numbers of `CredentialRegistry.grantBySignature` (a channel's nonce), `EncryptionKeyRegistry` (an account's
/// sequence) and `EquipmentRegister._nextSequence` (a device's). Any request is watched. Left out: signatures, deadlines, and
/// the end of the numbers.
contract RequestOnce {
    uint256 internal _next;
    uint256 internal _watched;
    uint256 internal _times;

    constructor(uint256 watched) {
        _watched = watched;
    }

    /// @dev The account itself, without any signature.
    function act() external {
        _next += 1;
    }

    function carryOut(uint256 number) external virtual {
        require(number == _next);
        _times += number == _watched ? 1 : 0;
        _next = number + 1;
    }

    function checkOnce() external view {
        assert(_times <= 1);
    }
}

/// @title RequestOnceRefuted
/// @notice A registry that takes any number not yet passed by, and leaves it there.
contract RequestOnceRefuted is RequestOnce {
    constructor(uint256 watched) RequestOnce(watched) {}

    function carryOut(uint256 number) external override {
        require(number >= _next);
        _times += number == _watched ? 1 : 0;
        _next = number;
    }
}
