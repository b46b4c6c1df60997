// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {SensorFeeds} from "../../contracts/foundation/SensorFeeds.sol";
import {FeedId, FeedRound} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {FeedConfig, SensorKey, SignedReading} from "../../contracts/foundation/interfaces/ISensorFeeds.sol";
import {SensorKit} from "./SensorFeeds.t.sol";

/// @notice Drives one feed as sensors, reporters, rotating administrators and accusers would, and keeps its own books.
contract SensorFeedsHandler is SensorKit {
    uint256 private constant POOL = 8;

    SensorFeeds public immutable FEEDS;
    FeedId public immutable FEED;

    FeedRound public ghostLatest;
    uint256 public ghostReports;
    uint256 public ghostDisputedReports;
    uint256 public ghostBadAccepted;
    bool[POOL] public ghostEjected;
    uint256[] private _members;
    uint256[] private _next;
    uint256 private _nextAt;
    uint8 private _nextQuorum;
    uint16 public ghostEpoch = 1;
    uint8 public ghostQuorum;
    mapping(uint32 round => FeedRound stored) private _history;
    uint32[] private _rounds;

    constructor(SensorFeeds feeds, FeedId feed, uint256 size, uint8 quorum) {
        FEEDS = feeds;
        FEED = feed;
        ghostQuorum = quorum;
        for (uint256 i = 0; i < size; ++i) _members.push(i);
    }

    function rounds() external view returns (uint32[] memory) {
        return _rounds;
    }

    function historyOf(uint32 round) external view returns (FeedRound memory) {
        return _history[round];
    }

    function members() external view returns (uint256[] memory) {
        return _members;
    }

    function latest() external view returns (FeedRound memory) {
        return ghostLatest;
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + bound(time, 1, 12 hours));
        follow();
    }

    /// @dev A report of all members still in good standing, more or fewer; sometimes late, sometimes with a liar.
    function report(uint8 count, uint8 skip, uint32 ahead, uint16 age, int128 value, uint8 lie) external {
        uint32 round = ghostLatest.round + uint32(bound(ahead, 0, 3));
        uint40 observedAt = uint40(block.timestamp - bound(age, 0, 100));
        uint256 n = bound(count, 1, _members.length);
        int128[] memory values = new int128[](n);
        uint256[] memory indices = new uint256[](n);
        value = int128(int256(bound(uint256(int256(value)), 0, 6000)));
        bool ejectedAmong = false;
        for (uint256 i = 0; i < n; ++i) {
            indices[i] = (i + skip) % _members.length;
            values[i] = value + int128(int256(i));
            if (ghostEjected[_members[indices[i]]]) ejectedAmong = true;
        }
        bool distinct = lie % 4 != 0 || n < 2;
        if (!distinct) indices[1] = indices[0];
        sort(values, indices);
        bytes memory packed = abi.encodePacked(round, observedAt, ghostEpoch);
        for (uint256 i = 0; i < n; ++i) packed = bytes.concat(packed, sign(indices[i], round, observedAt, values[i]));

        bool good =
            distinct &&
                !ejectedAmong &&
                n >= ghostQuorum &&
                round > ghostLatest.round &&
                observedAt >= ghostLatest.observedAt;
        try FEEDS.submit(FEED, packed) {
            if (!good) ++ghostBadAccepted;
            ++ghostReports;
            int128 median = values[n / 2];
            ghostLatest = FeedRound(median, observedAt, uint40(block.timestamp), round, median > 5000 ? 1 : 0);
            _history[round] = ghostLatest;
            _rounds.push(round);
        } catch {
            if (good) ++ghostDisputedReports;
        }
    }

    function schedule(uint8 first, uint8 size, uint8 quorum) external {
        uint256 n = bound(size, 3, 5);
        uint256[] memory chosen = new uint256[](n);
        uint256 found = 0;
        for (uint256 i = 0; i < POOL && found < n; ++i) {
            uint256 sensor = (uint256(first) + i) % POOL;
            if (!ghostEjected[sensor]) chosen[found++] = sensor;
        }
        if (found < n) return;
        SensorKey[] memory keys = new SensorKey[](n);
        for (uint256 i = 0; i < n; ++i) keys[i] = keyOf(chosen[i]);
        uint8 m = uint8(bound(quorum, 1, n));
        FEEDS.scheduleSensors(FEED, keys, m);
        _next = chosen;
        _nextQuorum = m;
        _nextAt = block.timestamp + DELAY;
    }

    function cancel() external {
        if (_nextAt == 0) return;
        FEEDS.cancelSensors(FEED);
        _nextAt = 0;
    }

    /// @dev At most two sensors ever misbehave, so that feeds stay alive.
    function equivocate(uint8 who, uint32 round) external {
        uint256 sensor = who % 2;
        bool member = false;
        for (uint256 i = 0; i < _members.length; ++i) if (_members[i] == sensor) member = true;
        for (uint256 i = 0; _nextAt != 0 && i < _next.length; ++i) if (_next[i] == sensor) member = true;
        if (!member || ghostEjected[sensor]) return;
        FEEDS.proveEquivocation(FEED, keyOf(sensor), round, 1, evidence(sensor, round, 1), evidence(sensor, round, 2));
        ghostEjected[sensor] = true;
    }

    function evidence(uint256 sensor, uint32 round, int128 value) private view returns (SignedReading memory) {
        (bytes32 r, bytes32 vs) = signDigest(sensor, FEEDS.hashReading(FEED, round, START, value, 1));
        return SignedReading(START, value, r, vs);
    }

    function sign(uint256 index, uint32 round, uint40 observedAt, int128 value) private view returns (bytes memory) {
        bytes32 digest = FEEDS.hashReading(FEED, round, observedAt, value, ghostEpoch);
        (bytes32 r, bytes32 vs) = signDigest(_members[index], digest);
        return abi.encodePacked(uint8(index), value, r, vs);
    }

    function follow() private {
        if (_nextAt == 0 || block.timestamp < _nextAt) return;
        _members = _next;
        ghostQuorum = _nextQuorum;
        ++ghostEpoch;
        _nextAt = 0;
    }
}

/// @notice 1. Only good reports are stored, and every good report is: at least a quorum of distinct sensors in force,
///            none of them ejected, a higher round, an observation neither in the future nor older than the stored one.
/// @notice 2. The latest round is exactly the last good report's median, times, number and flag.
/// @notice 3. Every round within the history's reach of the latest can be read as it was stored; no other can.
/// @notice 4. The sensors, quorum and epoch in force are the ones announced a delay before, ejected ones blank.
/// @notice 5. A sensor that equivocated stays ejected for ever.
/// @notice 6. `tryRead` never reverts, and is fresh exactly while the observation is within the heartbeat.
contract SensorFeedsInvariant is SensorKit {
    uint32 private constant HISTORY = 8;

    SensorFeeds private feeds;
    FeedId private feed;
    SensorFeedsHandler private handler;

    function setUp() external {
        vm.warp(START);
        AccessManager authority = new AccessManager(address(this));
        feeds = new SensorFeeds(address(authority), DELAY);
        feed = feeds.createFeed(describe(HISTORY), keysFrom(0, 4), 3);
        handler = new SensorFeedsHandler(feeds, feed, 4, 3);
        authority.grantRole(authority.ADMIN_ROLE(), address(handler), 0);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = handler.pass.selector;
        selectors[1] = handler.report.selector;
        selectors[2] = handler.schedule.selector;
        selectors[3] = handler.cancel.selector;
        selectors[4] = handler.equivocate.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_1_onlyAndAllGoodReportsAreStored() external view {
        assertEq(handler.ghostBadAccepted(), 0, "a bad report was stored");
        assertEq(handler.ghostDisputedReports(), 0, "a good report was refused");
        assertEq(handler.rounds().length, handler.ghostReports(), "books");
    }

    function invariant_2_latestIsTheLastReport() external view {
        (FeedRound memory round, ) = feeds.tryRead(feed);
        assertEq(abi.encode(round), abi.encode(handler.latest()), "latest");
    }

    function invariant_3_historyHoldsTheLastRounds() external view {
        uint32[] memory rounds = handler.rounds();
        uint32 latest = handler.latest().round;
        for (uint256 i = 0; i < rounds.length; ++i) {
            try feeds.readRound(feed, rounds[i]) returns (FeedRound memory round) {
                assertEq(abi.encode(round), abi.encode(handler.historyOf(rounds[i])), "as stored");
            } catch {
                assertLe(uint256(rounds[i]) + HISTORY, uint256(latest), "lost within reach");
            }
        }
        try feeds.readRound(feed, latest + 1) {
            assertTrue(false, "a round ahead was read");
        } catch {}
    }

    function invariant_4_sensorsInForceAreTheAnnounced() external view {
        uint256[] memory members = handler.members();
        SensorKey[] memory keys = feeds.sensorsOf(feed);
        FeedConfig memory config = feeds.configOf(feed);
        assertEq(uint256(config.epoch), handler.ghostEpoch(), "epoch");
        assertEq(uint256(config.quorum), handler.ghostQuorum(), "quorum");
        assertEq(keys.length, members.length, "size");
        for (uint256 i = 0; i < keys.length; ++i) {
            SensorKey memory expected = keyOf(members[i]);
            if (handler.ghostEjected(members[i])) delete expected;
            assertEq(abi.encode(keys[i]), abi.encode(expected), "key");
        }
    }

    function invariant_5_ejectedStaysEjected() external view {
        for (uint256 sensor = 0; sensor < 8; ++sensor) {
            assertEq(feeds.isEjected(feed, keyOf(sensor)), handler.ghostEjected(sensor), "ejected");
        }
    }

    function invariant_6_freshExactlyWithinTheHeartbeat() external view {
        (FeedRound memory round, bool fresh) = feeds.tryRead(feed);
        assertEq(fresh, round.round != 0 && block.timestamp <= uint256(round.observedAt) + 2 days, "fresh");
    }
}
