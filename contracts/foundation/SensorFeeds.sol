// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    FeedConfig,
    FeedDescription,
    ISensorFeeds,
    ReportSummary,
    SensorKey,
    SignedReading
} from "./interfaces/ISensorFeeds.sol";
import {FeedId, FeedRound, IFeedReader} from "./interfaces/IFeedReader.sol";
import {DeviceSignatures} from "./libraries/DeviceSignatures.sol";
import {FeedRounds, FeedWord} from "./libraries/FeedRounds.sol";
import {ReadingMessage, SensorReports} from "./libraries/SensorReports.sol";
import {SensorSets, SetTraits} from "./libraries/SensorSets.sol";

/// @title SensorFeeds
/// @notice Feeds of measured values: M of N sensors sign, anyone submits, the median is kept with its history.
/// @dev The administrator's roles choose sensors, ahead of time and in public; nobody can write or change a value.
/// A report reads one data contract and touches two slots of its feed: the latest round, and its place in the history.
contract SensorFeeds is ISensorFeeds, AccessManaged, EIP712 {
    /// @dev One slot: bits 0–39 when the scheduled set comes into force (0: none) · 40–55 its version ·
    /// 56–71 highest version given out.
    struct Schedule {
        uint40 activatesAt;
        uint16 version;
        uint16 lastVersion;
    }

    /// @dev Round r lives in history slot r mod size, and is there while that slot names r.
    struct Feed {
        FeedWord latest;
        Schedule schedule;
        mapping(uint256 index => FeedWord round) history;
        mapping(bytes32 keyHash => bool isEjected) ejected;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_HISTORY_BITS = 15;

    /// @inheritdoc ISensorFeeds
    uint40 public immutable ACTIVATION_DELAY;

    mapping(FeedId feed => Feed state) private _feeds;

    /// @param authority The deployment's AccessManager: its roles may create feeds and schedule sensors.
    /// @param activationDelay Seconds from the announcement of a sensor set to its coming into force.
    constructor(address authority, uint40 activationDelay) AccessManaged(authority) EIP712("Publica SensorFeeds", "1") {
        if (activationDelay < 1 hours || activationDelay > 365 days) revert FeedDelayInvalid(activationDelay);
        ACTIVATION_DELAY = activationDelay;
    }

    // ---------------------------------------------------------------- read

    /// @inheritdoc IFeedReader
    function read(FeedId feed) external view returns (FeedRound memory round) {
        FeedWord latest = _latest(feed);
        uint32 heartbeat = SensorSets.heartbeatOf(SensorSets.load(feed, latest.version()));
        if (!_isFresh(latest, heartbeat)) revert FeedStale(feed, latest.observedAt(), heartbeat);
        return latest.toRound();
    }

    /// @inheritdoc IFeedReader
    function tryRead(FeedId feed) external view returns (FeedRound memory round, bool fresh) {
        FeedWord latest = _feeds[feed].latest;
        round = latest.toRound();
        if (round.round == 0) return (round, false);
        fresh = _isFresh(latest, SensorSets.heartbeatOf(SensorSets.load(feed, latest.version())));
    }

    /// @inheritdoc IFeedReader
    function readRound(FeedId feed, uint32 number) external view returns (FeedRound memory round) {
        FeedWord latest = _feeds[feed].latest;
        if (number == 0 || number > latest.number()) revert FeedRoundUnavailable(feed, number);
        // The round most asked for needs no history.
        if (number == latest.number()) return latest.toRound();
        uint256 slot = SensorSets.slotOf(SensorSets.load(feed, latest.version()), number);
        FeedWord found = _feeds[feed].history[slot];
        if (found.number() != number) revert FeedRoundUnavailable(feed, number);
        return found.toRound();
    }

    /// @inheritdoc ISensorFeeds
    function latestRoundData(
        FeedId feed
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        FeedWord latest = _latest(feed);
        roundId = latest.number();
        return (roundId, latest.value(), latest.observedAt(), latest.updatedAt(), roundId);
    }

    /// @inheritdoc ISensorFeeds
    function isDue(FeedId feed, int128 value) external view returns (bool) {
        FeedWord latest = _feeds[feed].latest;
        if (latest.version() == 0) revert FeedUnknown(feed);
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(feed, latest.version()));
        if (latest.number() == 0 || block.timestamp >= uint256(latest.observedAt()) + traits.heartbeat) return true;
        uint256 change = _distance(value, latest.value());
        return change != 0 && change * BPS >= traits.deviationBps * _distance(latest.value(), 0);
    }

    /// @inheritdoc ISensorFeeds
    function configOf(FeedId feed) external view returns (FeedConfig memory config) {
        (uint16 version, uint40 nextEpochAt) = _versionInForce(_feeds[feed]);
        if (version == 0) return config;
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(feed, version));
        config.epoch = traits.epoch;
        config.nextEpochAt = nextEpochAt;
        config.quorum = traits.quorum;
        config.sensors = traits.sensors;
        config.decimals = traits.decimals;
        config.deviationBps = traits.deviationBps;
        config.heartbeat = traits.heartbeat;
        config.historySize = uint32(1) << traits.historyBits;
        config.minPlausible = traits.minPlausible;
        config.maxPlausible = traits.maxPlausible;
    }

    /// @inheritdoc ISensorFeeds
    function sensorsOf(FeedId feed) external view returns (SensorKey[] memory keys) {
        (uint16 version, ) = _versionInForce(_feeds[feed]);
        if (version != 0) keys = SensorSets.keysOf(SensorSets.load(feed, version));
    }

    /// @inheritdoc ISensorFeeds
    function scheduledSensorsOf(FeedId feed) external view returns (SensorKey[] memory keys) {
        (, uint40 nextEpochAt) = _versionInForce(_feeds[feed]);
        if (nextEpochAt != 0) keys = SensorSets.keysOf(SensorSets.load(feed, _feeds[feed].schedule.version));
    }

    /// @inheritdoc ISensorFeeds
    function isEjected(FeedId feed, SensorKey calldata key) external view returns (bool) {
        return _feeds[feed].ejected[SensorSets.hash(key.curve, key.x, key.y)];
    }

    /// @inheritdoc ISensorFeeds
    function inspectReport(FeedId feed, bytes calldata report) external view returns (ReportSummary memory summary) {
        (uint16 version, ) = _versionInForce(_feeds[feed]);
        if (version == 0) revert FeedUnknown(feed);
        bytes memory set = SensorSets.load(feed, version);
        uint16 epoch;
        (summary.round, summary.observedAt, epoch) = SensorReports.headOf(report);
        if (epoch != SensorSets.epochOf(set)) revert FeedEpochMismatch(epoch, SensorSets.epochOf(set));
        (summary.median, summary.sensors) = _tally(feed, set, summary.round, summary.observedAt, epoch, report);
        summary.lowest = SensorReports.valueAt(report, 0);
        summary.highest = SensorReports.valueAt(report, report.length / SensorReports.STRIDE - 1);
    }

    /// @inheritdoc ISensorFeeds
    function feedIdOf(FeedDescription calldata description) public pure returns (FeedId) {
        return FeedId.wrap(keccak256(abi.encode(description)));
    }

    /// @inheritdoc ISensorFeeds
    function hashReading(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch
    ) public view returns (bytes32) {
        return
            SensorReports.digest(
                ReadingMessage(
                    SensorReports.READING_TYPEHASH,
                    feed,
                    round,
                    observedAt,
                    value,
                    epoch,
                    _domainSeparatorV4()
                )
            );
    }

    // ---------------------------------------------------------------- write: administration

    /// @inheritdoc ISensorFeeds
    function createFeed(
        FeedDescription calldata description,
        SensorKey[] calldata keys,
        uint8 quorum
    ) external restricted returns (FeedId feed) {
        feed = feedIdOf(description);
        Feed storage state = _feeds[feed];
        if (state.latest.version() != 0) revert FeedAlreadyExists(feed);
        if (description.minPlausible > description.maxPlausible) {
            revert FeedRangeInvalid(description.minPlausible, description.maxPlausible);
        }
        if (description.heartbeat == 0) revert FeedHeartbeatInvalid();
        SetTraits memory traits = SetTraits({
            quorum: quorum,
            sensors: 0,
            decimals: description.decimals,
            historyBits: _historyBits(description.historySize),
            epoch: 1,
            deviationBps: description.deviationBps,
            heartbeat: description.heartbeat,
            minPlausible: description.minPlausible,
            maxPlausible: description.maxPlausible
        });
        SensorSets.store(feed, 1, SensorSets.encode(traits, keys, state.ejected));
        state.schedule.lastVersion = 1;
        state.latest = state.latest.withSet(1, false);
        emit FeedCreated(feed, description);
        emit FeedSensorsScheduled(feed, 1, uint40(block.timestamp), quorum, keys);
        emit FeedSensorsActivated(feed, 1);
    }

    /// @inheritdoc ISensorFeeds
    function scheduleSensors(FeedId feed, SensorKey[] calldata keys, uint8 quorum) external restricted {
        Feed storage state = _feeds[feed];
        FeedWord latest = _activate(feed, state, state.latest);
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(feed, latest.version()));
        traits.quorum = quorum;
        ++traits.epoch;
        uint40 activatesAt = uint40(block.timestamp) + ACTIVATION_DELAY;
        state.schedule.version = _store(feed, state, SensorSets.encode(traits, keys, state.ejected));
        state.schedule.activatesAt = activatesAt;
        state.latest = latest.withSet(latest.version(), true);
        emit FeedSensorsScheduled(feed, traits.epoch, activatesAt, quorum, keys);
    }

    /// @inheritdoc ISensorFeeds
    function cancelSensors(FeedId feed) external restricted {
        Feed storage state = _feeds[feed];
        FeedWord latest = _activate(feed, state, state.latest);
        if (!latest.isScheduled()) revert FeedNothingScheduled(feed);
        uint16 epoch = SensorSets.epochOf(SensorSets.load(feed, state.schedule.version));
        state.schedule.activatesAt = 0;
        state.latest = latest.withSet(latest.version(), false);
        emit FeedSensorsCancelled(feed, epoch);
    }

    // ---------------------------------------------------------------- write: anyone

    /// @inheritdoc ISensorFeeds
    function submit(FeedId feed, bytes calldata report) external {
        (uint32 round, uint40 observedAt, uint16 epoch) = SensorReports.headOf(report);
        Feed storage state = _feeds[feed];
        FeedWord latest = state.latest;
        if (round <= latest.number()) revert FeedRoundNotNewer(round, latest.number());
        if (observedAt > block.timestamp) revert FeedObservationInFuture(observedAt);
        if (observedAt < latest.observedAt()) revert FeedObservationOutdated(observedAt, latest.observedAt());
        latest = _activate(feed, state, latest);
        bytes memory set = SensorSets.load(feed, latest.version());
        if (epoch != SensorSets.epochOf(set)) revert FeedEpochMismatch(epoch, SensorSets.epochOf(set));

        (int128 median, uint256 sensors) = _tally(feed, set, round, observedAt, epoch, report);
        bool suspect = SensorSets.isOutside(set, median);
        latest = latest.withRound(median, observedAt, uint40(block.timestamp), round, suspect);
        state.latest = latest;
        state.history[SensorSets.slotOf(set, round)] = latest;
        emit FeedReported(feed, round, median, observedAt, sensors);
        if (suspect) emit FeedSuspected(feed, round, median);
    }

    /// @inheritdoc ISensorFeeds
    function proveEquivocation(
        FeedId feed,
        SensorKey calldata key,
        uint32 round,
        uint16 epoch,
        SignedReading calldata first,
        SignedReading calldata second
    ) external {
        if (first.value == second.value) revert FeedReadingsAgree(first.value);
        Feed storage state = _feeds[feed];
        FeedWord latest = _activate(feed, state, state.latest);
        _requireSigned(feed, key, round, epoch, first, 0);
        _requireSigned(feed, key, round, epoch, second, 1);

        bytes32 keyHash = SensorSets.hash(key.curve, key.x, key.y);
        uint16 inForce = _without(feed, state, latest.version(), keyHash);
        uint16 next = latest.isScheduled() ? _without(feed, state, state.schedule.version, keyHash) : 0;
        if (inForce == 0 && next == 0) revert FeedSensorAbsent(keyHash);
        state.ejected[keyHash] = true;
        if (inForce != 0) state.latest = latest.withSet(inForce, latest.isScheduled());
        if (next != 0) state.schedule.version = next;
        emit FeedSensorEjected(feed, keyHash, round, first.value, second.value);
    }

    // ---------------------------------------------------------------- internal

    /// @dev The feed's word, after a scheduled set whose time has come was put into force.
    function _activate(FeedId feed, Feed storage state, FeedWord latest) private returns (FeedWord) {
        if (latest.version() == 0) revert FeedUnknown(feed);
        if (!latest.isScheduled() || block.timestamp < state.schedule.activatesAt) return latest;
        uint16 version = state.schedule.version;
        latest = latest.withSet(version, false);
        state.latest = latest;
        state.schedule.activatesAt = 0;
        emit FeedSensorsActivated(feed, SensorSets.epochOf(SensorSets.load(feed, version)));
        return latest;
    }

    /// @dev Version of the set in force now, whether or not it was put there yet, and when the next one follows.
    function _versionInForce(Feed storage state) private view returns (uint16 version, uint40 nextEpochAt) {
        version = state.latest.version();
        nextEpochAt = state.schedule.activatesAt;
        if (nextEpochAt != 0 && block.timestamp >= nextEpochAt) return (state.schedule.version, 0);
    }

    /// @dev Stores a copy of a set without this sensor: its version, or zero when the set does not have it.
    function _without(FeedId feed, Feed storage state, uint16 version, bytes32 keyHash) private returns (uint16) {
        bytes memory set = SensorSets.load(feed, version);
        return SensorSets.eject(set, keyHash) ? _store(feed, state, set) : 0;
    }

    /// @dev Stores a set under the next version.
    function _store(FeedId feed, Feed storage state, bytes memory set) private returns (uint16 version) {
        version = state.schedule.lastVersion + 1;
        if (version > FeedRounds.MAX_VERSION) revert FeedSetsExhausted(feed);
        state.schedule.lastVersion = version;
        SensorSets.store(feed, version, set);
    }

    function _tally(
        FeedId feed,
        bytes memory set,
        uint32 round,
        uint40 observedAt,
        uint16 epoch,
        bytes calldata report
    ) private view returns (int128 median, uint256 sensors) {
        return
            SensorReports.tally(
                set,
                ReadingMessage(SensorReports.READING_TYPEHASH, feed, round, observedAt, 0, epoch, _domainSeparatorV4()),
                report
            );
    }

    function _requireSigned(
        FeedId feed,
        SensorKey calldata key,
        uint32 round,
        uint16 epoch,
        SignedReading calldata reading,
        uint256 position
    ) private view {
        bytes32 digest = hashReading(feed, round, reading.observedAt, reading.value, epoch);
        if (!DeviceSignatures.verify(key.curve, key.x, key.y, digest, reading.r, reading.vs)) {
            revert FeedSignatureInvalid(position);
        }
    }

    function _latest(FeedId feed) private view returns (FeedWord latest) {
        latest = _feeds[feed].latest;
        if (latest.number() == 0) revert FeedWithoutData(feed);
    }

    function _isFresh(FeedWord latest, uint32 heartbeat) private view returns (bool) {
        return block.timestamp <= uint256(latest.observedAt()) + heartbeat;
    }

    function _historyBits(uint32 historySize) private pure returns (uint8 bits) {
        while (bits < MAX_HISTORY_BITS && uint256(1) << bits < historySize) ++bits;
        if (uint256(1) << bits != historySize) revert FeedHistoryInvalid(historySize);
    }

    function _distance(int128 a, int128 b) private pure returns (uint256) {
        return a > b ? uint256(int256(a) - int256(b)) : uint256(int256(b) - int256(a));
    }
}
