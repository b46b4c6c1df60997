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

/// @title FeedScheduleRefuted
/// @notice A registry that lets a new announcement take the time of the one it replaces.
contract FeedScheduleRefuted {
    uint256 private constant DELAY = 1 days;

    uint256 private _now;
    bool private _scheduled;
    uint256 private _activatesAt;
    uint256 private _announcedAt;
    bool private _surprised;

    function pass(uint32 time) external {
        _now += time;
    }

    function schedule() external {
        _activatesAt = _scheduled ? _activatesAt : _now + DELAY;
        (_scheduled, _announcedAt) = (true, _now);
    }

    function activate() external {
        require(_scheduled && _now >= _activatesAt);
        (_scheduled, _surprised) = (false, _now < _announcedAt + DELAY);
    }

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

/// @title FeedOrderRefuted
/// @notice A feed that takes observations of tomorrow.
contract FeedOrderRefuted {
    uint256 private _now = 1;
    uint256 private _observedAt;

    function pass(uint16 time) external {
        _now += time;
    }

    function submit(uint256 observedAt) external {
        require(observedAt >= _observedAt);
        _observedAt = observedAt;
    }

    function checkOrder() external view {
        assert(_observedAt <= _now);
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

/// @title FeedQuorumRefuted
/// @notice A feed that counts signatures and not signers.
contract FeedQuorumRefuted {
    bool private _seenFirst;
    bool private _seenSecond;
    uint8 private _count;

    function first() external {
        require(_count < 2);
        _seenFirst = true;
        _count += 1;
    }

    function second() external {
        require(_count < 2 && !_seenSecond);
        _seenSecond = true;
        _count += 1;
    }

    function checkQuorum() external view {
        assert(_count < 2 || (_seenFirst && _seenSecond));
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

/// @title AttestedBond
/// @notice Whoever serves in an attested feed's committee has a bond behind the signature, and is never one that was
/// slashed.
/// @dev One member: `AttestedFeed.enrol`, `scheduleCommittee`, `cancelCommittee`, `activateCommittee` with `_putInForce`,
/// `leave`, `releaseBond` and `proveContradiction` with `_slash`. `_left` is `freeAt != 0`. Left out: what proves a
/// contradiction, the other members, that a slashed one may leave as well, which moves nothing, and time, see
/// `AttestedWindow`.
contract AttestedBond {
    bool internal _bonded;
    bool internal _left;
    bool internal _barred;
    bool internal _scheduled;
    bool internal _inForce;

    function enrol() external {
        require(!_barred && !_bonded);
        _bonded = true;
    }

    function scheduleWith() external {
        require(_bonded && !_left);
        _scheduled = true;
    }

    /// @dev Cancelled, or another committee scheduled in its place.
    function scheduleWithout() external {
        _scheduled = false;
    }

    /// @dev The committee to come, with the member or without, which is then not in force any more.
    function activate() external {
        (_scheduled, _inForce) = (false, _scheduled && !_barred);
    }

    function leaveCommittee() external virtual {
        require(_bonded && !_inForce && !_scheduled);
        _left = true;
    }

    function releaseBond() external {
        require(_left);
        (_bonded, _left) = (false, false);
    }

    /// @dev Whatever committee the member signed in.
    function slash() external {
        require(_bonded);
        (_bonded, _left, _barred, _inForce) = (false, false, true, false);
    }

    function checkBond() external view {
        assert(!_inForce || (_bonded && !_left && !_barred));
    }
}

/// @title AttestedBondRefuted
/// @notice A feed that lets a member leave while it stands in the committee to come.
contract AttestedBondRefuted is AttestedBond {
    function leaveCommittee() external override {
        require(_bonded && !_inForce);
        _left = true;
    }
}

/// @title AttestedWindow
/// @notice A bond can be slashed for the whole dispute window after the last moment its member served.
/// @dev Time of `AttestedFeed.leave` and `releaseBond`; who has left is not scheduled again, see `AttestedBond`.
contract AttestedWindow {
    uint256 internal constant WINDOW = 1 days;

    uint256 internal _now = 1;
    uint256 internal _freeAt;
    bool internal _serves;

    // The last moment of service, and whether the bond went too early after it.
    uint256 internal _served;
    bool internal _early;

    function pass(uint32 time) external {
        _now += time;
        _served = _serves ? _now : _served;
    }

    function activate(bool with) external {
        require(_freeAt == 0 || !with);
        _served = _serves || with ? _now : _served;
        _serves = with;
    }

    function leaveCommittee() external virtual {
        require(!_serves);
        _freeAt = _now + WINDOW;
    }

    function releaseBond() external {
        require(_freeAt != 0 && _now >= _freeAt);
        _early = _early || _now < _served + WINDOW;
        _freeAt = 0;
    }

    function checkWindow() external view {
        assert(!_early);
    }
}

/// @title AttestedWindowRefuted
/// @notice A feed whose members may leave while they serve.
contract AttestedWindowRefuted is AttestedWindow {
    function leaveCommittee() external override {
        _freeAt = _now + WINDOW;
    }
}
