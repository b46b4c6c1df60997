// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title WillRelease
/// @notice From claim to release: nothing is released inside a veto window or after a veto.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract WillRelease {
    uint256 private constant INTERVAL = 365;
    uint256 private constant WINDOW = 180;

    uint256 private _now;
    uint256 private _lastBeat;
    uint256 private _windowEnd;
    bool private _released;

    function pass(uint16 time) external {
        require(_now <= type(uint256).max - 10_000_000 - time);
        _now += time;
    }

    function beat() external {
        require(!_released && _windowEnd == 0);
        _lastBeat = _now;
    }

    function claimOverdue() external {
        require(!_released && _windowEnd == 0 && _now >= _lastBeat + INTERVAL);
        _windowEnd = _now + WINDOW;
    }

    function veto() external {
        require(!_released && _windowEnd != 0 && _now < _windowEnd);
        (_lastBeat, _windowEnd) = (_now, 0);
    }

    function finalise() external {
        require(!_released && _windowEnd != 0 && _now >= _windowEnd);
        _released = true;
    }

    /// @notice Released means: a window that ran out, at least interval and window after the last sign of life.
    function checkRelease() external view {
        if (_released) {
            assert(_windowEnd != 0);
            assert(_now >= _windowEnd);
            assert(_windowEnd >= _lastBeat + INTERVAL + WINDOW);
        }
    }
}

/// @title WillThresholds
/// @notice Who must take part before a will counts, a death counts, and a secret can be opened.
contract WillThresholds {
    uint256 private constant ACCEPTANCES = 2;
    uint256 private constant REGISTRARS = 2;
    uint256 private constant THRESHOLD = 3;

    uint256 private _accepted;
    uint256 private _signed;
    uint256 private _published;
    bool private _released;
    bool private _opened;

    function accept() external {
        require(_accepted < 5);
        _accepted += 1;
    }

    function claim(uint8 signatures) external {
        require(_accepted >= ACCEPTANCES && signatures >= REGISTRARS && _signed == 0);
        _signed = signatures;
    }

    function finalise() external {
        require(_signed != 0);
        _released = true;
    }

    function publishShare() external {
        require(_released && _published < 16);
        _published += 1;
    }

    function open() external {
        require(_published >= THRESHOLD);
        _opened = true;
    }

    function checkThresholds() external view {
        if (_released) assert(_signed >= REGISTRARS);
        if (_released) assert(_accepted >= ACCEPTANCES);
        if (_published > 0) assert(_released);
        if (_opened) assert(_published >= THRESHOLD);
    }
}

/// @title WillLifeRefuted
/// @notice A registry that would release at the claim: the checker must show a release inside the window.
contract WillLifeRefuted {
    uint40 private _now;
    uint40 private _windowEnd;
    bool private _released;

    function pass(uint16 time) external {
        require(_now <= 1_000_000 - time);
        _now += time;
    }

    function claim() external {
        require(_windowEnd == 0);
        _windowEnd = _now + 30;
    }

    function finalise() external {
        require(_windowEnd != 0);
        _released = true;
    }

    function checkRelease() external view {
        if (_released) assert(_now >= _windowEnd);
    }
}
