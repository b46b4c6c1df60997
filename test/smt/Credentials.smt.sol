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
