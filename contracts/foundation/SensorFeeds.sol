// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    FeedConfig,
    FeedDescription,
    FeedId,
    FeedRound,
    ISensorFeeds,
    SensorKey,
    SignedReading
} from "./interfaces/ISensorFeeds.sol";
import {IFeedReader} from "./interfaces/IFeedReader.sol";
import {DeviceSignatures} from "./libraries/DeviceSignatures.sol";
import {FeedRounds, PackedRound} from "./libraries/FeedRounds.sol";
import {ReadingMessage, SensorReports} from "./libraries/SensorReports.sol";
import {SensorSets, SetTraits} from "./libraries/SensorSets.sol";

/// @title SensorFeeds
/// @notice Feeds of measured values: M of N sensors sign, anyone submits, the median is kept with its history.
/// @dev The administrator's roles choose sensors, ahead of time and in public; nobody can write or change a value.
/// A report touches three slots of its feed (configuration read, latest and history written) and one data contract.
contract SensorFeeds is ISensorFeeds, AccessManaged, EIP712 {
    /// @dev One slot: bits 0–159 data contract of the sensor set · 160–175 epoch · 176–215 when the scheduled set comes
    /// into force (0: none) · 216–247 heartbeat · 248–255 log2 of the history's size.
    struct Config {
        address sensors;
        uint16 epoch;
        uint40 nextEpochAt;
        uint32 heartbeat;
        uint8 historyBits;
    }

    /// @dev Round r lives in history slot r mod size, and is there while that slot names r.
    struct Feed {
        PackedRound latest;
        Config config;
        address nextSensors;
        mapping(uint256 index => PackedRound round) history;
        mapping(bytes32 keyHash => bool isEjected) ejected;
    }

    uint8 private constant SUSPECT = 1;
    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_HISTORY_BITS = 15;

    /// @inheritdoc ISensorFeeds
    uint40 public immutable ACTIVATION_DELAY;

    mapping(FeedId feed => Feed state) private _feeds;

    /// @param authority The deployment's AccessManager: its roles may create feeds and schedule sensors.
    /// @param activationDelay Seconds from the announcement of a sensor set to its coming into force.
    constructor(
        address authority,
        uint40 activationDelay
    ) AccessManaged(authority) EIP712("Publica SensorFeeds", "1") {
        if (activationDelay < 1 hours || activationDelay > 365 days) revert FeedDelayInvalid(activationDelay);
        ACTIVATION_DELAY = activationDelay;
    }

    // ---------------------------------------------------------------- read

    /// @inheritdoc IFeedReader
    function read(FeedId feed) external view returns (FeedRound memory round) {
        PackedRound latest = _latest(feed);
        uint32 heartbeat = _feeds[feed].config.heartbeat;
        if (!_isFresh(latest, heartbeat)) revert FeedStale(feed, latest.observedAt(), heartbeat);
        return latest.unpack();
    }

    /// @inheritdoc IFeedReader
    function tryRead(FeedId feed) external view returns (FeedRound memory round, bool fresh) {
        PackedRound latest = _feeds[feed].latest;
        return (latest.unpack(), latest.number() != 0 && _isFresh(latest, _feeds[feed].config.heartbeat));
    }

    /// @inheritdoc IFeedReader
    function readRound(FeedId feed, uint32 number) external view returns (FeedRound memory round) {
        Feed storage state = _feeds[feed];
        PackedRound found = state.history[_historySlot(number, state.config.historyBits)];
        if (number == 0 || found.number() != number) revert FeedRoundUnavailable(feed, number);
        return found.unpack();
    }

    /// @inheritdoc ISensorFeeds
    function latestRoundData(
        FeedId feed
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        PackedRound latest = _latest(feed);
        roundId = latest.number();
        return (roundId, latest.value(), latest.observedAt(), latest.updatedAt(), roundId);
    }

    /// @inheritdoc ISensorFeeds
    function isDue(FeedId feed, int128 value) external view returns (bool) {
        Feed storage state = _feeds[feed];
        Config memory config = state.config;
        if (config.sensors == address(0)) revert FeedUnknown(feed);
        PackedRound latest = state.latest;
        if (latest.number() == 0 || block.timestamp >= uint256(latest.observedAt()) + config.heartbeat) return true;
        uint256 change = _distance(value, latest.value());
        uint256 deviationBps = SensorSets.traitsOf(SensorSets.load(config.sensors)).deviationBps;
        return change != 0 && change * BPS >= deviationBps * _distance(latest.value(), 0);
    }

    /// @inheritdoc ISensorFeeds
    function configOf(FeedId feed) external view returns (FeedConfig memory config) {
        (Config memory inForce, ) = _configInForce(_feeds[feed]);
        if (inForce.sensors == address(0)) return config;
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(inForce.sensors));
        config.epoch = inForce.epoch;
        config.nextEpochAt = inForce.nextEpochAt;
        config.quorum = traits.quorum;
        config.sensors = traits.sensors;
        config.decimals = traits.decimals;
        config.deviationBps = traits.deviationBps;
        config.heartbeat = inForce.heartbeat;
        config.historySize = uint32(1) << inForce.historyBits;
        config.minPlausible = traits.minPlausible;
        config.maxPlausible = traits.maxPlausible;
    }

    /// @inheritdoc ISensorFeeds
    function sensorsOf(FeedId feed) external view returns (SensorKey[] memory keys) {
        (Config memory config, ) = _configInForce(_feeds[feed]);
        if (config.sensors != address(0)) keys = SensorSets.keysOf(SensorSets.load(config.sensors));
    }

    /// @inheritdoc ISensorFeeds
    function scheduledSensorsOf(FeedId feed) external view returns (SensorKey[] memory keys) {
        Feed storage state = _feeds[feed];
        (Config memory config, ) = _configInForce(state);
        if (config.nextEpochAt != 0) keys = SensorSets.keysOf(SensorSets.load(state.nextSensors));
    }

    /// @inheritdoc ISensorFeeds
    function isEjected(FeedId feed, SensorKey calldata key) external view returns (bool) {
        return _feeds[feed].ejected[hashKey(key)];
    }

    /// @inheritdoc ISensorFeeds
    function feedIdOf(FeedDescription calldata description) public pure returns (FeedId) {
        return FeedId.wrap(keccak256(abi.encode(description)));
    }

    /// @inheritdoc ISensorFeeds
    function hashKey(SensorKey calldata key) public pure returns (bytes32) {
        return SensorSets.hash(key.curve, key.x, key.y);
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
        if (state.config.sensors != address(0)) revert FeedAlreadyExists(feed);
        if (description.minPlausible > description.maxPlausible) {
            revert FeedRangeInvalid(description.minPlausible, description.maxPlausible);
        }
        if (description.heartbeat == 0) revert FeedHeartbeatInvalid();
        SetTraits memory traits = SetTraits({
            quorum: quorum,
            sensors: 0,
            decimals: description.decimals,
            deviationBps: description.deviationBps,
            minPlausible: description.minPlausible,
            maxPlausible: description.maxPlausible
        });
        state.config = Config({
            sensors: SensorSets.store(SensorSets.encode(traits, keys, state.ejected)),
            epoch: 1,
            nextEpochAt: 0,
            heartbeat: description.heartbeat,
            historyBits: _historyBits(description.historySize)
        });
        emit FeedCreated(feed, description);
        emit FeedSensorsScheduled(feed, 1, uint40(block.timestamp), quorum, keys);
        emit FeedSensorsActivated(feed, 1);
    }

    /// @inheritdoc ISensorFeeds
    function scheduleSensors(FeedId feed, SensorKey[] calldata keys, uint8 quorum) external restricted {
        Feed storage state = _feeds[feed];
        Config memory config = _activate(feed, state);
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(config.sensors));
        traits.quorum = quorum;
        state.nextSensors = SensorSets.store(SensorSets.encode(traits, keys, state.ejected));
        config.nextEpochAt = uint40(block.timestamp) + ACTIVATION_DELAY;
        state.config = config;
        emit FeedSensorsScheduled(feed, config.epoch + 1, config.nextEpochAt, quorum, keys);
    }

    /// @inheritdoc ISensorFeeds
    function cancelSensors(FeedId feed) external restricted {
        Feed storage state = _feeds[feed];
        Config memory config = _activate(feed, state);
        if (config.nextEpochAt == 0) revert FeedNothingScheduled(feed);
        config.nextEpochAt = 0;
        state.config = config;
        delete state.nextSensors;
        emit FeedSensorsCancelled(feed, config.epoch + 1);
    }

    // ---------------------------------------------------------------- write: anyone

    /// @inheritdoc ISensorFeeds
    function submit(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        uint16 epoch,
        bytes calldata readings
    ) external {
        Feed storage state = _feeds[feed];
        _requireNewer(state.latest, round, observedAt);
        Config memory config = _activate(feed, state);
        if (epoch != config.epoch) revert FeedEpochMismatch(epoch, config.epoch);

        bytes memory set = SensorSets.load(config.sensors);
        (int128 median, uint256 sensors) = _verify(
            set,
            ReadingMessage(SensorReports.READING_TYPEHASH, feed, round, observedAt, 0, epoch, _domainSeparatorV4()),
            readings
        );
        bool suspect = _isOutside(set, median);
        PackedRound stored = FeedRounds.pack(
            median,
            observedAt,
            uint40(block.timestamp),
            round,
            suspect ? SUSPECT : 0
        );
        state.latest = stored;
        state.history[_historySlot(round, config.historyBits)] = stored;
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
        Config memory config = _activate(feed, state);
        _requireSigned(feed, key, round, epoch, first, 0);
        _requireSigned(feed, key, round, epoch, second, 1);

        bytes32 keyHash = hashKey(key);
        address inForce = _withoutSensor(config.sensors, keyHash);
        address next = config.nextEpochAt == 0 ? address(0) : _withoutSensor(state.nextSensors, keyHash);
        if (inForce == address(0) && next == address(0)) revert FeedSensorAbsent(keyHash);
        state.ejected[keyHash] = true;
        if (inForce != address(0)) state.config.sensors = inForce;
        if (next != address(0)) state.nextSensors = next;
        emit FeedSensorEjected(feed, keyHash, round, first.value, second.value);
    }

    // ---------------------------------------------------------------- internal

    /// @dev The median of `readings` and the bitmap of who signed; reverts unless a quorum of distinct sensors did.
    function _verify(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata readings
    ) private view returns (int128 median, uint256 seen) {
        uint256 count = _countReadings(set, readings.length);
        message.value = type(int128).min;
        for (uint256 i = 0; i < count; ++i) {
            uint256 sensor = _verifyReading(set, message, readings, i);
            if ((seen >> sensor) & 1 != 0) revert FeedSensorRepeated(sensor);
            seen |= 1 << sensor;
            if (i == count / 2) median = message.value;
        }
    }

    /// @dev Who signed reading number `i`; its value, not below the one in `message` before, is in `message` after.
    function _verifyReading(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata readings,
        uint256 i
    ) private view returns (uint256 sensor) {
        int128 value;
        bytes32 r;
        bytes32 vs;
        (sensor, value, r, vs) = SensorReports.readingAt(readings, i);
        if (value < message.value) revert FeedReadingsUnsorted(i);
        message.value = value;
        if (!SensorSets.verify(set, sensor, SensorReports.digest(message), r, vs)) revert FeedSignatureInvalid(sensor);
    }

    function _countReadings(bytes memory set, uint256 length) private pure returns (uint256 count) {
        uint256 quorum = SensorSets.quorumOf(set);
        count = length / SensorReports.STRIDE;
        if (length % SensorReports.STRIDE != 0) revert FeedReportMalformed(length);
        if (count < quorum) revert FeedQuorumMissed(count, quorum);
    }

    /// @dev Puts a scheduled set whose time has come into force; the configuration in force now.
    function _activate(FeedId feed, Feed storage state) private returns (Config memory config) {
        bool due;
        (config, due) = _configInForce(state);
        if (config.sensors == address(0)) revert FeedUnknown(feed);
        if (due) {
            state.config = config;
            delete state.nextSensors;
            emit FeedSensorsActivated(feed, config.epoch);
        }
    }

    /// @dev The configuration in force now, and whether it is yet to be stored.
    function _configInForce(Feed storage state) private view returns (Config memory config, bool due) {
        config = state.config;
        due = config.nextEpochAt != 0 && block.timestamp >= config.nextEpochAt;
        if (due) {
            config.sensors = state.nextSensors;
            config.nextEpochAt = 0;
            ++config.epoch;
        }
    }

    /// @dev A copy of the set without this sensor, or zero when the set does not have it.
    function _withoutSensor(address sensors, bytes32 keyHash) private returns (address) {
        bytes memory set = SensorSets.load(sensors);
        return SensorSets.eject(set, keyHash) ? SensorSets.store(set) : address(0);
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

    function _isOutside(bytes memory set, int128 value) private pure returns (bool) {
        (int128 minPlausible, int128 maxPlausible) = SensorSets.rangeOf(set);
        return value < minPlausible || value > maxPlausible;
    }

    function _requireNewer(PackedRound latest, uint32 round, uint40 observedAt) private view {
        if (round <= latest.number()) revert FeedRoundNotNewer(round, latest.number());
        if (observedAt > block.timestamp) revert FeedObservationInFuture(observedAt);
        if (observedAt < latest.observedAt()) revert FeedObservationOutdated(observedAt, latest.observedAt());
    }

    function _latest(FeedId feed) private view returns (PackedRound latest) {
        latest = _feeds[feed].latest;
        if (latest.number() == 0) revert FeedWithoutData(feed);
    }

    function _isFresh(PackedRound latest, uint32 heartbeat) private view returns (bool) {
        return block.timestamp <= uint256(latest.observedAt()) + heartbeat;
    }

    function _historySlot(uint32 round, uint8 historyBits) private pure returns (uint256) {
        return round & ((uint256(1) << historyBits) - 1);
    }

    function _historyBits(uint32 historySize) private pure returns (uint8 bits) {
        while (bits < MAX_HISTORY_BITS && uint256(1) << bits < historySize) ++bits;
        if (uint256(1) << bits != historySize) revert FeedHistoryInvalid(historySize);
    }

    function _distance(int128 a, int128 b) private pure returns (uint256) {
        return a > b ? uint256(int256(a) - int256(b)) : uint256(int256(b) - int256(a));
    }
}
