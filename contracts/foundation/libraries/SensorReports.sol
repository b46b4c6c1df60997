// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {FeedId} from "../interfaces/IFeedReader.sol";

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
    bytes32 internal constant READING_TYPEHASH =
        keccak256("Reading(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)");

    /// @notice Bytes of one reading: sensor index (1), value (16), r (32), vs (32).
    uint256 internal constant STRIDE = 81;

    /// @notice The EIP-712 digest of `message`.
    function digest(ReadingMessage memory message) internal pure returns (bytes32) {
        bytes32 structHash;
        assembly ("memory-safe") {
            structHash := keccak256(message, 0xc0)
        }
        return MessageHashUtils.toTypedDataHash(message.domainSeparator, structHash);
    }

    /// @notice Reading number `position` of a report long enough to hold it.
    function readingAt(
        bytes calldata readings,
        uint256 position
    ) internal pure returns (uint256 sensor, int128 value, bytes32 r, bytes32 vs) {
        assembly ("memory-safe") {
            let start := add(readings.offset, mul(position, 81))
            let head := calldataload(start)
            sensor := byte(0, head)
            value := signextend(15, shr(120, head))
            r := calldataload(add(start, 17))
            vs := calldataload(add(start, 49))
        }
    }
}
