// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {FeedId} from "../interfaces/IFeedReader.sol";
import {ISensorFeeds} from "../interfaces/ISensorFeeds.sol";
import {Curve, DeviceSignatures} from "./DeviceSignatures.sol";
import {SensorSets} from "./SensorSets.sol";

/// @notice The EIP-712 struct of a reading, its first six words in memory exactly as `abi.encode` would lay them out.
struct ReadingMessage {
    bytes32 typeHash;
    FeedId feed;
    uint32 round;
    uint40 observedAt;
    int128 value;
    uint16 epoch;
    bytes32 domainSeparator;
}

/// @title SensorReports
/// @notice The bytes of a report and of what a sensor signs.
library SensorReports {
    bytes32 internal constant READING_TYPEHASH = keccak256(
        "Reading(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)"
    );

    /// @notice Bytes before the readings: round (4), observedAt (5), epoch (2).
    uint256 internal constant HEADER = 11;

    /// @notice Bytes of one reading: sensor index (1), value (16), r (32), vs (32).
    uint256 internal constant STRIDE = 81;

    /// @notice What all readings of a report have in common.
    function headOf(bytes calldata report) internal pure returns (uint32 round, uint40 observedAt, uint16 epoch) {
        if (report.length < HEADER) revert ISensorFeeds.FeedReportMalformed(report.length);
        uint256 head = uint256(bytes32(report)) >> 168;
        return (uint32(head >> 56), uint40(head >> 16), uint16(head));
    }

    /// @notice The EIP-712 digest of `message`.
    function digest(ReadingMessage memory message) internal pure returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                message.domainSeparator,
                keccak256(
                    abi.encode(
                        message.typeHash,
                        message.feed,
                        message.round,
                        message.observedAt,
                        message.value,
                        message.epoch
                    )
                )
            );
    }

    /// @notice The median of a report and the bitmap of who signed; reverts unless a quorum of distinct sensors did.
    /// @param set The sensor set in force.
    /// @param message What they signed, but for the value.
    /// @param report The report.
    function tally(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata report
    ) internal view returns (int128 median, uint256 seen) {
        uint256 quorum = SensorSets.quorumOf(set);
        uint256 count = report.length / STRIDE;
        if (report.length % STRIDE != HEADER) revert ISensorFeeds.FeedReportMalformed(report.length);
        if (count < quorum) revert ISensorFeeds.FeedQuorumMissed(count, quorum);
        message.value = type(int128).min;
        uint256 done = 0;
        (done, seen) = accept(set, message, report, 0, 0);
        while (done < count) {
            seen |= check(set, message, report, done, seen);
            (done, seen) = accept(set, message, report, done + 1, seen);
        }
        median = valueAt(report, count / 2);
    }

    /// @notice Checks reading number `i` in plain words: the sensor's bit, or the error that says what is wrong.
    /// @dev `message.value` is the value before this reading, and this reading's value after it.
    function check(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata report,
        uint256 i,
        uint256 seen
    ) internal view returns (uint256 bit) {
        bytes calldata reading = report[HEADER + i * STRIDE:HEADER + (i + 1) * STRIDE];
        uint256 sensor = uint8(reading[0]);
        int128 value = int128(uint128(bytes16(reading[1:17])));
        if (sensor >= SensorSets.sizeOf(set)) revert ISensorFeeds.FeedSensorUnknown(sensor);
        bit = 1 << sensor;
        if (seen & bit != 0) revert ISensorFeeds.FeedSensorRepeated(sensor);
        if (value < message.value) revert ISensorFeeds.FeedReadingsUnsorted(i);
        message.value = value;
        if (!_isSigned(set, sensor, digest(message), reading[17:])) revert ISensorFeeds.FeedSignatureInvalid(sensor);
    }

    /// @notice Accepts readings from number `done` on at little cost, up to the end or to one `check` has to look at.
    /// @dev Accepts nothing that `check` would refuse: it is `check` without words and without the P-256 fallback.
    /// @return next Number of the first reading not accepted.
    /// @return signed `seen` with the bits of the sensors accepted.
    function accept(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata report,
        uint256 done,
        uint256 seen
    ) internal view returns (uint256 next, uint256 signed) {
        uint256 start;
        assembly ("memory-safe") {
            start := add(report.offset, 11)
        }
        unchecked {
            (next, signed) = _accept(set, message, start + done * STRIDE, start + report.length - HEADER, seen);
            next = (next - start) / STRIDE;
        }
    }

    /// @notice The value of reading number `i`, which the report must hold.
    function valueAt(bytes calldata report, uint256 i) internal pure returns (int128 value) {
        assembly ("memory-safe") {
            value := signextend(15, shr(120, calldataload(add(add(report.offset, 11), mul(i, 81)))))
        }
    }

    /// @dev As `accept`, on the calldata from `cursor` to `end`. Scratch memory at `input`: the precompile's input
    /// (digest, then `v r s` or `r s x y`), and from 0xa0 on the digest's preimage (0x1901, separator, struct hash).
    function _accept(
        bytes memory set,
        ReadingMessage memory message,
        uint256 cursor,
        uint256 end,
        uint256 seen
    ) private view returns (uint256, uint256) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(add(input, 0xa0), hex"1901")
            mstore(add(input, 0xa2), mload(add(message, 0xc0)))
            let size := and(0xff, shr(8, mload(add(set, 0x20))))
            for {} lt(cursor, end) {
                cursor := add(cursor, 81)
            } {
                let value := calldataload(cursor)
                let sensor := byte(0, value)
                let bit := shl(sensor, 1)
                value := signextend(15, shr(120, value))
                // Known, distinct, in order?
                if or(or(iszero(lt(sensor, size)), and(seen, bit)), slt(value, mload(add(message, 0x80)))) {
                    break
                }
                mstore(add(message, 0x80), value)
                mstore(add(input, 0xc2), keccak256(message, 0xc0))
                mstore(input, keccak256(add(input, 0xa0), 0x42))

                let row := mload(add(add(set, 0x60), shl(5, sensor)))
                let s := calldataload(add(cursor, 49))
                mstore(0x00, 0)
                switch shr(248, row)
                case 0 {
                    mstore(add(input, 0x20), add(27, shr(255, s)))
                    mstore(add(input, 0x40), calldataload(add(cursor, 17)))
                    s := shr(1, shl(1, s))
                    if gt(s, 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0) {
                        break
                    }
                    mstore(add(input, 0x60), s)
                    pop(staticcall(gas(), 0x01, input, 0x80, 0x00, 0x20))
                    // The answer is zero when nobody signed, and the row is zero when the sensor was ejected.
                    let signer := mload(0x00)
                    if or(iszero(signer), xor(signer, row)) {
                        break
                    }
                }
                default {
                    if gt(s, 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8) {
                        break
                    }
                    row := add(add(set, 0x20), and(row, 0xffff))
                    mstore(add(input, 0x20), calldataload(add(cursor, 17)))
                    mstore(add(input, 0x40), s)
                    mstore(add(input, 0x60), mload(row))
                    mstore(add(input, 0x80), mload(add(row, 0x20)))
                    pop(staticcall(gas(), 0x100, input, 0xa0, 0x00, 0x20))
                    if xor(mload(0x00), 1) {
                        break
                    }
                }
                seen := or(seen, bit)
            }
        }
        return (cursor, seen);
    }

    function _isSigned(
        bytes memory set,
        uint256 sensor,
        bytes32 hash,
        bytes calldata signature
    ) private view returns (bool) {
        (Curve curve, bytes32 x, bytes32 y) = SensorSets.keyAt(set, sensor);
        return DeviceSignatures.verify(curve, x, y, hash, bytes32(signature[:32]), bytes32(signature[32:]));
    }
}
