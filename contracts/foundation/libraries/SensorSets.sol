// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {ISensorFeeds, SensorKey} from "../interfaces/ISensorFeeds.sol";
import {FeedId} from "../interfaces/IFeedReader.sol";
import {Curve, DeviceSignatures} from "./DeviceSignatures.sol";

/// @notice What a set's first two words say.
struct SetTraits {
    uint8 quorum;
    uint8 sensors;
    uint8 decimals;
    uint8 historyBits;
    uint16 epoch;
    uint16 deviationBps;
    uint32 heartbeat;
    int128 minPlausible;
    int128 maxPlausible;
}

/// @title SensorSets
/// @notice A feed's sensors and constants as the code of a data contract: one cold account read instead of N cold slots.
/// @dev Layout, in 32-byte words:
///
///     word 0        bits 0–7 quorum · 8–15 sensors (N) · 16–23 decimals · 24–31 log2 of the history's size ·
///                   32–47 epoch · 48–63 deviationBps · 64–95 heartbeat · rest zero
///     word 1        bits 0–127 maxPlausible · 128–255 minPlausible (two's complement)
///     word 2 … N+1  one row a sensor: bits 248–255 curve ·
///                   secp256k1: bits 0–159 address · P-256: bits 0–247 byte offset of its x; all zero when ejected
///     then          x and y of each P-256 sensor
///
/// 255 sensors on P-256 take 24,544 bytes, which still fits a contract. The contract's address follows from feed and
/// version, so the feed's word needs no pointer.
library SensorSets {
    uint256 internal constant MAX_SENSORS = 255;
    uint256 private constant HEADER = 64;
    uint256 private constant CURVE_SHIFT = 248;

    /// @notice The set with these traits and keys, checked: usable keys only, none twice, none `ejected`.
    function encode(
        SetTraits memory traits,
        SensorKey[] calldata keys,
        mapping(bytes32 keyHash => bool isEjected) storage ejected
    ) internal view returns (bytes memory set) {
        uint256 n = keys.length;
        if (n > MAX_SENSORS || traits.quorum == 0 || traits.quorum > n) {
            revert ISensorFeeds.FeedQuorumInvalid(traits.quorum, n);
        }
        uint256 points = 0;
        for (uint256 i = 0; i < n; ++i) if (keys[i].curve == Curve.P256) ++points;

        set = new bytes(HEADER + 32 * n + 64 * points);
        setWord(set, 0, packTraits(traits, n));
        setWord(set, 32, packRange(traits));

        bytes32[] memory hashes = new bytes32[](n);
        uint256 tail = HEADER + 32 * n;
        for (uint256 i = 0; i < n; ++i) {
            SensorKey calldata key = keys[i];
            if (!DeviceSignatures.isValidKey(key.curve, key.x, key.y)) revert ISensorFeeds.FeedKeyInvalid(i);
            bytes32 keyHash = hash(key.curve, key.x, key.y);
            if (ejected[keyHash]) revert ISensorFeeds.FeedSensorBarred(i);
            for (uint256 j = 0; j < i; ++j) if (hashes[j] == keyHash) revert ISensorFeeds.FeedKeyRepeated(i);
            hashes[i] = keyHash;
            if (key.curve == Curve.P256) {
                setWord(set, HEADER + 32 * i, (uint256(Curve.P256) << CURVE_SHIFT) | tail);
                setWord(set, tail, uint256(key.x));
                setWord(set, tail + 32, uint256(key.y));
                tail += 64;
            } else {
                setWord(set, HEADER + 32 * i, uint256(key.x));
            }
        }
    }

    /// @notice Writes `set` into a new data contract.
    function store(FeedId feed, uint256 version, bytes memory set) internal {
        SSTORE2.writeDeterministic(set, _salt(feed, version));
    }

    /// @notice The set stored as `version` of `feed`.
    function load(FeedId feed, uint256 version) internal view returns (bytes memory set) {
        return SSTORE2.read(SSTORE2.predictDeterministicAddress(_salt(feed, version)));
    }

    /// @notice The set's first two words, unpacked.
    function traitsOf(bytes memory set) internal pure returns (SetTraits memory traits) {
        uint256 head = wordAt(set, 0);
        traits.quorum = uint8(head);
        traits.sensors = uint8(head >> 8);
        traits.decimals = uint8(head >> 16);
        traits.historyBits = uint8(head >> 24);
        traits.epoch = uint16(head >> 32);
        traits.deviationBps = uint16(head >> 48);
        traits.heartbeat = uint32(head >> 64);
        (traits.minPlausible, traits.maxPlausible) = rangeOf(set);
    }

    /// @notice Signatures a report needs.
    function quorumOf(bytes memory set) internal pure returns (uint256) {
        return wordAt(set, 0) & 0xff;
    }

    /// @notice Number of sensors, ejected ones included.
    function sizeOf(bytes memory set) internal pure returns (uint256) {
        return (wordAt(set, 0) >> 8) & 0xff;
    }

    /// @notice Where round `number` lives in the history.
    function slotOf(bytes memory set, uint32 number) internal pure returns (uint256) {
        unchecked {
            return number & ((1 << ((wordAt(set, 0) >> 24) & 0xff)) - 1);
        }
    }

    /// @notice Number of the set among those that came into force.
    function epochOf(bytes memory set) internal pure returns (uint16) {
        return uint16(wordAt(set, 0) >> 32);
    }

    /// @notice Seconds after which an observation is stale.
    function heartbeatOf(bytes memory set) internal pure returns (uint32) {
        return uint32(wordAt(set, 0) >> 64);
    }

    /// @notice The plausible range.
    function rangeOf(bytes memory set) internal pure returns (int128 minPlausible, int128 maxPlausible) {
        uint256 word = wordAt(set, 32);
        return (int128(uint128(word >> 128)), int128(uint128(word)));
    }

    /// @notice Whether `value` lies outside the plausible range.
    function isOutside(bytes memory set, int128 value) internal pure returns (bool) {
        (int128 minPlausible, int128 maxPlausible) = rangeOf(set);
        return value < minPlausible || value > maxPlausible;
    }

    /// @notice The key of sensor `index`; all zero when ejected. Reverts when the set has no such sensor.
    function keyAt(bytes memory set, uint256 index) internal pure returns (Curve curve, bytes32 x, bytes32 y) {
        if (index >= sizeOf(set)) revert ISensorFeeds.FeedSensorUnknown(index);
        uint256 row = wordAt(set, HEADER + 32 * index);
        if (row >> CURVE_SHIFT == uint256(Curve.Secp256k1)) return (Curve.Secp256k1, bytes32(row), 0);
        uint256 tail = row & ((1 << CURVE_SHIFT) - 1);
        return (Curve.P256, bytes32(wordAt(set, tail)), bytes32(wordAt(set, tail + 32)));
    }

    /// @notice All keys by index.
    function keysOf(bytes memory set) internal pure returns (SensorKey[] memory keys) {
        uint256 n = sizeOf(set);
        keys = new SensorKey[](n);
        for (uint256 i = 0; i < n; ++i) (keys[i].curve, keys[i].x, keys[i].y) = keyAt(set, i);
    }

    /// @notice Blanks, in memory, the row of the sensor with this key; false when the set does not have it.
    function eject(bytes memory set, bytes32 keyHash) internal pure returns (bool found) {
        uint256 n = sizeOf(set);
        for (uint256 i = 0; i < n; ++i) {
            (Curve curve, bytes32 x, bytes32 y) = keyAt(set, i);
            if (hash(curve, x, y) != keyHash) continue;
            setWord(set, HEADER + 32 * i, 0);
            return true;
        }
    }

    /// @notice The digest under which a key is known.
    function hash(Curve curve, bytes32 x, bytes32 y) internal pure returns (bytes32) {
        return keccak256(abi.encode(curve, x, y));
    }

    /// @notice The word at byte `offset` of `set`, which must hold it.
    function wordAt(bytes memory set, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(set, 0x20), offset))
        }
    }

    /// @notice Overwrites the word at byte `offset` of `set`, which must hold it.
    function setWord(bytes memory set, uint256 offset, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(set, 0x20), offset), word)
        }
    }

    /// @notice Word 0 of a set of `n` keys.
    function packTraits(SetTraits memory traits, uint256 n) internal pure returns (uint256) {
        return
            uint256(traits.quorum) |
            (n << 8) |
            (uint256(traits.decimals) << 16) |
            (uint256(traits.historyBits) << 24) |
            (uint256(traits.epoch) << 32) |
            (uint256(traits.deviationBps) << 48) |
            (uint256(traits.heartbeat) << 64);
    }

    /// @notice Word 1: the plausible range.
    function packRange(SetTraits memory traits) internal pure returns (uint256) {
        return (uint256(uint128(traits.minPlausible)) << 128) | uint128(traits.maxPlausible);
    }

    /// @dev Ids are digests: two of them never differ in their last bits alone.
    function _salt(FeedId feed, uint256 version) private pure returns (bytes32) {
        return FeedId.unwrap(feed) ^ bytes32(version);
    }
}
