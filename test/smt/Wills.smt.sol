// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title WillClaims
/// @notice The state machine of a will from a claim on: claimed, lengthened, vetoed, released, published.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. Time and
/// versions are small numbers, in days; what is proved does not depend on their size.
contract WillClaims {
    uint256 private constant WINDOW = 30;
    uint256 private constant EXTENSION = 30;
    uint256 private constant MOST_EXTENSIONS = 3;

    uint256 private _now;
    bool private _claimed;
    uint256 private _claimedAt;
    uint256 private _windowEnd;
    uint256 private _extensions;
    bool private _released;
    uint256 private _releasedAt;
    uint256 private _version = 1;
    uint256 private _releasedVersion;
    bool private _published;

    function pass(uint8 time) external {
        _now += time;
    }

    function supersede() external {
        require(!_claimed && !_released);
        _version += 1;
    }

    function claim() external {
        require(!_claimed && !_released);
        (_claimed, _claimedAt, _windowEnd, _extensions) = (true, _now, _now + WINDOW, 0);
    }

    function extend() external {
        require(_claimed && !_released && _now < _windowEnd && _extensions < MOST_EXTENSIONS);
        _extensions += 1;
        _windowEnd += EXTENSION;
    }

    function veto() external {
        require(_claimed && !_released);
        _claimed = false;
    }

    function finalise() external {
        require(_claimed && !_released && _now >= _windowEnd);
        (_released, _releasedAt, _releasedVersion) = (true, _now, _version);
    }

    function publish() external {
        require(_released);
        _published = true;
    }

    /// @notice No release before the whole window has passed since the claim that led to it.
    function checkWindow() external view {
        if (_released) assert(_claimed && _releasedAt >= _claimedAt + WINDOW);
        if (_claimed) assert(_windowEnd >= _claimedAt + WINDOW);
    }

    /// @notice The objections are bounded: no window is longer than the first one and three extensions.
    function checkBoundedObjections() external view {
        if (_claimed) assert(_windowEnd <= _claimedAt + WINDOW + MOST_EXTENSIONS * EXTENSION);
    }

    /// @notice Only the version that was current is released, and it stays the current one.
    function checkVersion() external view {
        if (_released) assert(_releasedVersion == _version);
    }

    /// @notice Nothing is published before the release.
    function checkPublication() external view {
        if (_published) assert(_released);
    }
}

/// @title WillClaimsRefuted
/// @notice The same question about a registry in which a claim may be made anew while one is pending: the checker must
/// find the release that no whole window preceded.
contract WillClaimsRefuted {
    uint256 private constant WINDOW = 30;

    uint256 private _now;
    bool private _claimed;
    uint256 private _claimedAt;
    uint256 private _windowEnd;
    bool private _released;

    function pass(uint8 time) external {
        _now += time;
    }

    function claim() external {
        if (_windowEnd == 0) _windowEnd = _now + WINDOW;
        (_claimed, _claimedAt) = (true, _now);
    }

    function finalise() external {
        require(_claimed && _now >= _windowEnd);
        _released = true;
    }

    function checkWindow() external view {
        if (_released) assert(_now >= _claimedAt + WINDOW);
    }
}

/// @title WillThreshold
/// @notice The threshold rule of publication with three guardians: each share once, only after release, and the lock opens
/// with t of them and not before; a proven leak never releases.
contract WillThreshold {
    uint256 private constant GUARDIANS = 3;
    uint256 private immutable THRESHOLD;

    bool private _released;
    bool private _first;
    bool private _second;
    bool private _third;
    bool private _leaked;
    uint256 private _published;

    constructor(uint256 threshold) {
        require(threshold >= 1 && threshold <= GUARDIANS);
        THRESHOLD = threshold;
    }

    function release() external {
        _released = true;
    }

    function proveLeak() external {
        require(!_released);
        _leaked = true;
    }

    function publish(uint8 guardian) external {
        require(_released);
        if (guardian == 1) {
            require(!_first);
            _first = true;
        } else if (guardian == 2) {
            require(!_second);
            _second = true;
        } else {
            require(guardian == 3 && !_third);
            _third = true;
        }
        _published += 1;
    }

    function isOpen() public view returns (bool) {
        return _published >= THRESHOLD;
    }

    /// @notice Every publication is another guardian's, so there are as many as guardians who published.
    function checkEachOnce() external view {
        assert(_published == (_first ? 1 : 0) + (_second ? 1 : 0) + (_third ? 1 : 0));
        assert(_published <= GUARDIANS);
    }

    /// @notice Before release nothing opens, whatever leaked.
    function checkRelease() external view {
        if (isOpen()) assert(_released);
        if (_leaked && !_released) assert(!isOpen());
    }
}

/// @title WillThresholdRefuted
/// @notice A registry that counts a guardian's share each time it is sent: the checker must open the lock with one.
contract WillThresholdRefuted {
    bool private _first;
    bool private _second;
    uint8 private _published;

    function publish(uint8 guardian) external {
        require(guardian == 1 || guardian == 2);
        if (guardian == 1) _first = true;
        else _second = true;
        if (_published < 2) _published += 1;
    }

    function checkThreshold() external view {
        if (_published >= 2) assert(_first && _second);
    }
}
