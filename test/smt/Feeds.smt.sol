// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title FeedSchedule
/// @notice The sensor sets of one feed as SensorFeeds keeps them: announced, in force after the delay, cancelled.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract FeedSchedule {
    uint256 private constant DELAY = 1 days;

    uint256 private _now;
    bool private _scheduled;
    uint256 private _activatesAt = DELAY;

    // When the set that is scheduled was announced, and whether one came into force without its notice.
    uint256 private _announcedAt;
    bool private _surprised;

    function pass(uint16 time) external {
        _now += time;
    }

    function schedule() external {
        _scheduled = true;
        _announcedAt = _now;
        _activatesAt = _now + DELAY;
    }

    function cancel() external {
        require(_scheduled);
        _scheduled = false;
    }

    function activate() external {
        require(_scheduled && _now >= _activatesAt);
        if (_now < _announcedAt + DELAY) _surprised = true;
        _scheduled = false;
    }

    /// @notice Nobody chooses the sensors of today: what is in force was public for the whole delay.
    function checkNotice() external view {
        assert(!_surprised);
    }
}

/// @title FeedOrder
/// @notice The rounds of one feed: numbers rise, observations never go back and never lie in the future.
contract FeedOrder {
    uint256 private _now = 1;
    uint256 private _round;
    uint256 private _observedAt;

    function pass(uint16 time) external {
        _now += time;
    }

    function submit(uint256 round, uint256 observedAt) external {
        require(round > _round && observedAt <= _now && observedAt >= _observedAt);
        (_round, _observedAt) = (round, observedAt);
    }

    function checkOrder() external view {
        assert(_observedAt <= _now);
        assert(_round != 0 || _observedAt == 0);
    }
}

/// @title FeedEquivocation
/// @notice One sensor of a feed that signs two values: the set in force, the set to follow, and what is known of it.
contract FeedEquivocation {
    // Whether the liar stands in the set in force and in the one to follow, and whether its lie was proved.
    bool private _inForce;
    bool private _follows;
    bool private _ejected;

    /// @notice A set with or without the sensor is announced; one that was ejected is refused.
    function schedule(bool withLiar) external {
        require(!(withLiar && _ejected));
        _follows = withLiar;
    }

    function activate() external {
        (_inForce, _follows) = (_follows, false);
    }

    function proveEquivocation() external {
        require(_inForce || _follows);
        _ejected = true;
        (_inForce, _follows) = (false, false);
    }

    /// @notice A sensor that lied signs in no set, now or later.
    function checkLiarIsOut() external view {
        assert(!_ejected || (!_inForce && !_follows));
    }
}

/// @title FeedQuorum
/// @notice Counting the signatures of one report: three sensors, a quorum of two, an ejected one has no row.
contract FeedQuorum {
    bool private _ejectedFirst;
    bool private _seenFirst;
    bool private _seenSecond;
    bool private _seenThird;
    uint8 private _count;
    bool private _accepted;

    function begin(bool ejectedFirst) external {
        _ejectedFirst = ejectedFirst;
        (_seenFirst, _seenSecond, _seenThird, _count, _accepted) = (false, false, false, 0, false);
    }

    function first() external {
        require(!_accepted && !_ejectedFirst && !_seenFirst);
        _seenFirst = true;
        _count += 1;
    }

    function second() external {
        require(!_accepted && !_seenSecond);
        _seenSecond = true;
        _count += 1;
    }

    function third() external {
        require(!_accepted && !_seenThird);
        _seenThird = true;
        _count += 1;
    }

    function accept() external {
        require(_count >= 2);
        _accepted = true;
    }

    /// @notice An accepted report was signed by a quorum of different sensors, none of them ejected.
    function checkQuorum() external view {
        if (!_accepted) return;
        assert((_seenFirst && _seenSecond) || (_seenFirst && _seenThird) || (_seenSecond && _seenThird));
        assert(!_ejectedFirst || (_seenSecond && _seenThird));
    }
}

/// @title FeedEquivocationRefuted
/// @notice A registry that forgets the set to follow: the checker must find the liar that comes back.
contract FeedEquivocationRefuted {
    bool private _inForce;
    bool private _follows;
    bool private _ejected;

    function schedule() external {
        require(!_ejected);
        _follows = true;
    }

    function activate() external {
        (_inForce, _follows) = (_follows, false);
    }

    function proveEquivocation() external {
        require(_inForce);
        (_ejected, _inForce) = (true, false);
    }

    function checkLiarIsOut() external view {
        assert(!_ejected || !_inForce);
    }
}
