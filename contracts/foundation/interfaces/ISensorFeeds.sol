// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Curve} from "../libraries/DeviceSignatures.sol";
import {FeedId, IFeedReader} from "./IFeedReader.sol";

/// @notice What a feed measures, for ever: its digest is the feed's id.
struct FeedDescription {
    /// @notice What is measured and where, for instance "Precipitation, Seattle".
    string name;
    /// @notice Unit of the values, for instance "0.1 mm".
    string unit;
    /// @notice Decimal places of the values, for Chainlink's interface.
    uint8 decimals;
    /// @notice Least plausible value; a median below it is stored and flagged SUSPECT.
    int128 minPlausible;
    /// @notice Greatest plausible value; a median above it is stored and flagged SUSPECT.
    int128 maxPlausible;
    /// @notice Seconds after which an observation is stale.
    uint32 heartbeat;
    /// @notice Change against the stored value, in 1/10,000 of it, from which a new report is due; 0: any change.
    uint16 deviationBps;
    /// @notice Rounds the history holds: a power of two, at most 32,768. 512 hold a year of days.
    uint32 historySize;
}

/// @notice The public key of a sensor.
struct SensorKey {
    /// @notice The key's curve.
    Curve curve;
    /// @notice The account's address (secp256k1) or the point's x (P-256).
    bytes32 x;
    /// @notice Zero (secp256k1) or the point's y (P-256).
    bytes32 y;
}

/// @notice One sensor's signed statement, as evidence.
struct SignedReading {
    /// @notice When it was observed, unix seconds.
    uint40 observedAt;
    /// @notice The value signed.
    int128 value;
    /// @notice First half of the 64-byte signature.
    bytes32 r;
    /// @notice Second half: EIP-2098's `vs` (secp256k1) or s (P-256).
    bytes32 vs;
}

/// @notice A feed's configuration in force.
struct FeedConfig {
    /// @notice Number of the sensor set in force; the first is 1. Zero: there is no such feed.
    uint16 epoch;
    /// @notice When the scheduled next sensor set comes into force, unix seconds; zero when none is scheduled.
    uint40 nextEpochAt;
    /// @notice Signatures a report needs.
    uint8 quorum;
    /// @notice Sensors in the set, ejected ones included.
    uint8 sensors;
    /// @notice As `FeedDescription.decimals`.
    uint8 decimals;
    /// @notice As `FeedDescription.deviationBps`.
    uint16 deviationBps;
    /// @notice As `FeedDescription.heartbeat`.
    uint32 heartbeat;
    /// @notice As `FeedDescription.historySize`.
    uint32 historySize;
    /// @notice As `FeedDescription.minPlausible`.
    int128 minPlausible;
    /// @notice As `FeedDescription.maxPlausible`.
    int128 maxPlausible;
}

/// @notice What a report says once its signatures are checked.
struct ReportSummary {
    /// @notice The round the readings are of.
    uint32 round;
    /// @notice When they were observed, unix seconds.
    uint40 observedAt;
    /// @notice The lowest value.
    int128 lowest;
    /// @notice The value `submit` would store.
    int128 median;
    /// @notice The highest value.
    int128 highest;
    /// @notice Bit i is set when sensor i signed.
    uint256 sensors;
}

/// @title ISensorFeeds
/// @notice Values measured by M of N sensors, each signing its own reading; the chain keeps the median and its history.
/// @dev A report is packed: `round (4) ‖ observedAt (5) ‖ epoch (2)`, then readings in ascending order of value, 81 bytes
/// each: `sensor index (1) ‖ value (16, int128) ‖ r (32) ‖ vs (32)`. Each sensor signs the EIP-712 message
/// `Reading(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)` under the domain
/// ("Publica SensorFeeds", "1", chain, this contract).
interface ISensorFeeds is IFeedReader {
    /// @notice A feed was created; its first sensor set (epoch 1) is in force at once.
    event FeedCreated(FeedId indexed feed, FeedDescription description);

    /// @notice A sensor set was announced: epoch `epoch` comes into force at `activatesAt`, with `quorum` of `keys`.
    event FeedSensorsScheduled(
        FeedId indexed feed,
        uint16 indexed epoch,
        uint40 activatesAt,
        uint8 quorum,
        SensorKey[] keys
    );

    /// @notice The announced sensor set was withdrawn before it came into force.
    event FeedSensorsCancelled(FeedId indexed feed, uint16 indexed epoch);

    /// @notice The sensor set of epoch `epoch` came into force.
    event FeedSensorsActivated(FeedId indexed feed, uint16 indexed epoch);

    /// @notice A report was stored. Bit i of `sensors` is set when sensor i signed.
    event FeedReported(FeedId indexed feed, uint32 indexed round, int128 value, uint40 observedAt, uint256 sensors);

    /// @notice The value just stored lies outside the feed's plausible range.
    event FeedSuspected(FeedId indexed feed, uint32 indexed round, int128 value);

    /// @notice A sensor signed two values for one round and was ejected for ever. `keyHash` is keccak256 of curve, x and y.
    event FeedSensorEjected(FeedId indexed feed, bytes32 indexed keyHash, uint32 round, int128 first, int128 second);

    /// @notice The deployment's activation delay is out of bounds.
    /// @dev Deploy with a delay from one hour to 365 days.
    error FeedDelayInvalid(uint40 delay);

    /// @notice There is no feed with this id.
    /// @dev Compare the id with `feedIdOf` of the description; have the feed created if it is new.
    error FeedUnknown(FeedId feed);

    /// @notice A feed with this description exists already.
    /// @dev Use it, or describe the new feed differently.
    error FeedAlreadyExists(FeedId feed);

    /// @notice The feed's plausible range is empty.
    /// @dev Give a least plausible value that is not above the greatest.
    error FeedRangeInvalid(int128 minPlausible, int128 maxPlausible);

    /// @notice The heartbeat is zero.
    /// @dev Give the number of seconds after which an observation is stale.
    error FeedHeartbeatInvalid();

    /// @notice The size of the history is not a power of two from 1 to 32,768.
    /// @dev Round it up to the next power of two; 512 hold a year of days.
    error FeedHistoryInvalid(uint32 historySize);

    /// @notice The quorum does not fit the number of sensors.
    /// @dev Give 1 to 255 sensors and a quorum from 1 to their number.
    error FeedQuorumInvalid(uint256 quorum, uint256 sensors);

    /// @notice A sensor's key is not usable: a zero or over-long address, or a point that is not on P-256.
    /// @dev Read the key from the device again; for secp256k1 give its address in `x` and zero in `y`.
    error FeedKeyInvalid(uint256 index);

    /// @notice The same key appears twice in a sensor set.
    /// @dev List each sensor once.
    error FeedKeyRepeated(uint256 index);

    /// @notice The sensor was ejected from this feed for signing two values, and stays out.
    /// @dev Leave it out; give a repaired device a new key.
    error FeedSensorBarred(uint256 index);

    /// @notice The feed has had 16,383 sensor sets, counting each ejection as one.
    /// @dev Create a new feed with another description.
    error FeedSetsExhausted(FeedId feed);

    /// @notice No sensor set is scheduled.
    /// @dev Nothing to cancel: it was cancelled before or is in force already.
    error FeedNothingScheduled(FeedId feed);

    /// @notice The feed has this round or a later one already.
    /// @dev Nothing to do when another party reported first; otherwise collect readings for a later round.
    error FeedRoundNotNewer(uint32 round, uint32 latest);

    /// @notice The report was signed for another sensor set than the one in force.
    /// @dev Ask the sensors to sign again with the epoch in force.
    error FeedEpochMismatch(uint16 epoch, uint16 inForce);

    /// @notice The observation lies in the future.
    /// @dev Wait until then; check the sensors' clocks.
    error FeedObservationInFuture(uint40 observedAt);

    /// @notice The observation is older than the one stored, though its round is higher.
    /// @dev Check the sensors' clocks; observe again.
    error FeedObservationOutdated(uint40 observedAt, uint40 stored);

    /// @notice The report is not a header of 11 bytes and a whole number of 81-byte readings.
    /// @dev Encode it with the SDK's `encodeReport`.
    error FeedReportMalformed(uint256 length);

    /// @notice The report holds fewer readings than the quorum.
    /// @dev Collect more readings of this round.
    error FeedQuorumMissed(uint256 readings, uint256 quorum);

    /// @notice A reading names a sensor the set does not have.
    /// @dev Look up the sensor's index with `sensorsOf`.
    error FeedSensorUnknown(uint256 sensor);

    /// @notice A sensor appears twice in the report.
    /// @dev Include each sensor once.
    error FeedSensorRepeated(uint256 sensor);

    /// @notice The readings are not in ascending order of value.
    /// @dev Sort them by value before encoding.
    error FeedReadingsUnsorted(uint256 position);

    /// @notice A signature does not belong to the sensor it is attributed to, is malleable, or the sensor was ejected.
    /// @dev Check feed, round, observation time, epoch, chain and contract that were signed, and that s is low.
    error FeedSignatureInvalid(uint256 sensor);

    /// @notice The two readings carry the same value, so they prove nothing.
    /// @dev Show two different values the sensor signed for one round and epoch.
    error FeedReadingsAgree(int128 value);

    /// @notice The key belongs to no sensor in force or scheduled.
    /// @dev Nothing to eject: the sensor was removed or ejected before.
    error FeedSensorAbsent(bytes32 keyHash);

    /// @notice The feed has no data yet.
    /// @dev Wait for the first report.
    error FeedWithoutData(FeedId feed);

    /// @notice The latest observation is older than the heartbeat.
    /// @dev Wait for the next report, or use `tryRead` and decide what an old value is worth.
    error FeedStale(FeedId feed, uint40 observedAt, uint32 heartbeat);

    /// @notice The round was skipped, lies ahead or has been overwritten.
    /// @dev Read a later round, or the `FeedReported` events.
    error FeedRoundUnavailable(FeedId feed, uint32 round);

    /// @notice Seconds between the announcement of a sensor set and its coming into force.
    function ACTIVATION_DELAY() external view returns (uint40);

    /// @notice The latest round in Chainlink's terms, whatever its age; `startedAt` is when it was observed.
    /// @dev Reverts `FeedWithoutData` before the first report.
    function latestRoundData(
        FeedId feed
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice Whether a report of `value` should be posted now: there is no data, the stored observation is as old as
    /// the heartbeat, or `value` deviates from the stored one by the declared deviation.
    function isDue(FeedId feed, int128 value) external view returns (bool);

    /// @notice The configuration in force now; all zero for an unknown feed.
    function configOf(FeedId feed) external view returns (FeedConfig memory config);

    /// @notice The sensors in force now, by index; an ejected sensor's key is all zero.
    function sensorsOf(FeedId feed) external view returns (SensorKey[] memory keys);

    /// @notice The sensors scheduled to come into force; empty when none are.
    function scheduledSensorsOf(FeedId feed) external view returns (SensorKey[] memory keys);

    /// @notice Whether the key was ejected from the feed.
    function isEjected(FeedId feed, SensorKey calldata key) external view returns (bool);

    /// @notice Checks a report's signatures against the sensors in force, as `submit` does, and tells what it says.
    /// @dev Looks neither at the stored round nor at the clock, so that a report can serve as evidence later.
    function inspectReport(FeedId feed, bytes calldata report) external view returns (ReportSummary memory summary);

    /// @notice The id of the feed so described.
    function feedIdOf(FeedDescription calldata description) external pure returns (FeedId);

    /// @notice The EIP-712 digest a sensor signs.
    function hashReading(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch
    ) external view returns (bytes32);

    /// @notice Creates a feed whose first sensor set is in force at once.
    /// @dev Restricted. `quorum` of `keys` must sign each report.
    function createFeed(
        FeedDescription calldata description,
        SensorKey[] calldata keys,
        uint8 quorum
    ) external returns (FeedId feed);

    /// @notice Announces the next sensor set, in force after the activation delay; replaces an announced one.
    /// @dev Restricted. Signatures of the old epoch are worthless from that moment.
    function scheduleSensors(FeedId feed, SensorKey[] calldata keys, uint8 quorum) external;

    /// @notice Withdraws the announced sensor set.
    /// @dev Restricted.
    function cancelSensors(FeedId feed) external;

    /// @notice Stores the median of at least a quorum of readings. Anyone may call.
    /// @param feed The feed.
    /// @param report Round, above the stored one; when all readings were observed, not in the future; the epoch in
    /// force; then the readings in ascending order: packed as described above.
    function submit(FeedId feed, bytes calldata report) external;

    /// @notice Ejects a sensor by two different values it signed for one round and epoch. Anyone may call.
    /// @dev It never counts again in this feed: not in the set in force, not in the scheduled one, not in later ones.
    /// The quorum stays as it is. Evidence of an earlier epoch counts as well.
    function proveEquivocation(
        FeedId feed,
        SensorKey calldata key,
        uint32 round,
        uint16 epoch,
        SignedReading calldata first,
        SignedReading calldata second
    ) external;
}
