// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Reading} from "../interfaces/IEquipmentRegister.sol";

/// @notice How a device is doing, by its own readings.
enum DeviceStatus {
    None,
    Normal,
    Outside,
    Faulty,
    Offline,
    Retired
}

/// @notice What every reading of a device changes.
struct DeviceState {
    /// @notice The account of a secp256k1 key; the last 20 bytes of keccak256(x ‖ y) of a P-256 key.
    address key;
    /// @notice When the device says it measured last, unix seconds.
    uint32 observedAt;
    /// @notice The device's own count of readings.
    uint32 counter;
    /// @notice Consecutive readings outside the limits; stops at 255.
    uint8 streak;
    /// @notice Seconds between the first reading outside and the last one; stops at 65,535.
    uint16 outFor;
    DeviceStatus status;
}

/// @notice What installation and adjustment set.
struct DeviceProfile {
    /// @notice Lowest and highest good value, in the device's own unit.
    int32 low;
    int32 high;
    /// @notice How far inside the limits a value must come back to count as good again (hysteresis).
    uint16 band;
    /// @notice Seconds outside that confirm a fault; 0: the first reading outside does.
    uint16 holdOff;
    /// @notice Consecutive readings outside that confirm a fault sooner; 0: only time does.
    uint8 runLength;
    /// @notice Longest silence, seconds; 0: silence means nothing.
    uint24 heartbeatGap;
    /// @notice Crew that repairs the device.
    uint16 crew;
    /// @notice The independent second sensor; 0: none.
    uint32 partner;
    /// @notice First eight bytes of the approved firmware's hash.
    bytes8 firmware;
    /// @notice Whether the partner must agree before a repair is believed.
    bool critical;
    /// @notice Whether the key is P-256 rather than secp256k1.
    bool p256;
}

/// @title DeviceWords
/// @notice The two packed slots of a device, and what one reading does to the first.
/// @dev state   | key 160 | observedAt 32 | counter 32 | streak 8 | outFor 16 | status 8 |
///      profile | low 32 | high 32 | band 16 | holdOff 16 | runLength 8 | heartbeatGap 24 | crew 16 | partner 32
///              | firmware 64 | critical 1 | p256 1 | free 14 |  (most significant first)
library DeviceWords {
    function unpackState(uint256 word) internal pure returns (DeviceState memory state) {
        state.key = address(uint160(word >> 96));
        state.observedAt = uint32(word >> 64);
        state.counter = uint32(word >> 32);
        state.streak = uint8(word >> 24);
        state.outFor = uint16(word >> 8);
        state.status = DeviceStatus(uint8(word));
    }

    function pack(DeviceState memory state) internal pure returns (uint256 word) {
        word = (uint256(uint160(state.key)) << 96) | (uint256(state.observedAt) << 64);
        word |= (uint256(state.counter) << 32) | (uint256(state.streak) << 24);
        word |= (uint256(state.outFor) << 8) | uint8(state.status);
    }

    function unpackProfile(uint256 word) internal pure returns (DeviceProfile memory profile) {
        profile.low = int32(uint32(word >> 224));
        profile.high = int32(uint32(word >> 192));
        profile.band = uint16(word >> 176);
        profile.holdOff = uint16(word >> 160);
        profile.runLength = uint8(word >> 152);
        profile.heartbeatGap = uint24(word >> 128);
        profile.crew = uint16(word >> 112);
        profile.partner = uint32(word >> 80);
        profile.firmware = bytes8(uint64(word >> 16));
        profile.critical = word & 2 != 0;
        profile.p256 = word & 1 != 0;
    }

    function pack(DeviceProfile memory profile) internal pure returns (uint256 word) {
        word = (uint256(uint32(profile.low)) << 224) | (uint256(uint32(profile.high)) << 192);
        word |= (uint256(profile.band) << 176) | (uint256(profile.holdOff) << 160);
        word |= (uint256(profile.runLength) << 152) | (uint256(profile.heartbeatGap) << 128);
        word |= (uint256(profile.crew) << 112) | (uint256(profile.partner) << 80);
        word |= uint256(uint64(profile.firmware)) << 16;
        word |= (profile.critical ? 2 : 0) | (profile.p256 ? 1 : 0);
    }

    /// @notice The four parts of a reading.
    function parts(
        Reading reading
    ) internal pure returns (uint32 device, uint32 counter, uint32 observedAt, int32 value) {
        uint128 word = Reading.unwrap(reading);
        return (uint32(word >> 96), uint32(word >> 64), uint32(word >> 32), int32(uint32(word)));
    }

    function deviceOf(Reading reading) internal pure returns (uint32) {
        return uint32(Reading.unwrap(reading) >> 96);
    }

    function statusOf(uint256 state) internal pure returns (DeviceStatus) {
        return DeviceStatus(uint8(state));
    }

    function keyOf(uint256 state) internal pure returns (address) {
        return address(uint160(state >> 96));
    }

    function observedAtOf(uint256 state) internal pure returns (uint32) {
        return uint32(state >> 64);
    }

    function counterOf(uint256 state) internal pure returns (uint32) {
        return uint32(state >> 32);
    }

    /// @notice Whether the device is installed and not retired.
    function isInService(uint256 state) internal pure returns (bool) {
        return uint8(state) != uint8(DeviceStatus.None) && uint8(state) != uint8(DeviceStatus.Retired);
    }

    function crewOf(uint256 profile) internal pure returns (uint16) {
        return uint16(profile >> 112);
    }

    function heartbeatGapOf(uint256 profile) internal pure returns (uint24) {
        return uint24(profile >> 128);
    }

    function firmwareOf(uint256 profile) internal pure returns (bytes8) {
        return bytes8(uint64(profile >> 16));
    }

    /// @notice The partner that must agree; 0 for a device that is not critical.
    function witnessOf(uint256 profile) internal pure returns (uint32) {
        return profile & 2 != 0 ? uint32(profile >> 80) : 0;
    }

    function isP256(uint256 profile) internal pure returns (bool) {
        return profile & 1 != 0;
    }

    /// @notice Whether `value` is within [low, high].
    function isWithin(uint256 profile, int32 value) internal pure returns (bool) {
        return value >= int32(uint32(profile >> 224)) && value <= int32(uint32(profile >> 192));
    }

    /// @notice Whether `value` is within the limits by at least the hysteresis band: good again after a fault.
    function isBack(uint256 profile, int32 value) internal pure returns (bool) {
        int256 band = int256(uint256(uint16(profile >> 176)));
        return value >= int32(uint32(profile >> 224)) + band && value <= int32(uint32(profile >> 192)) - band;
    }

    /// @notice The state after one more reading.
    /// @dev Debounce: outside for holdOff seconds or runLength readings. Hysteresis: back only by the band.
    function advance(
        uint256 state,
        uint256 profile,
        uint32 counter,
        uint32 observedAt,
        int32 value
    ) internal pure returns (uint256) {
        uint256 status = uint8(state);
        bool running = status == uint8(DeviceStatus.Outside) || status == uint8(DeviceStatus.Faulty);
        uint256 next = ((state >> 96) << 96) | (uint256(observedAt) << 64) | (uint256(counter) << 32);
        if (running ? isBack(profile, value) : isWithin(profile, value)) return next | uint8(DeviceStatus.Normal);
        uint256 outFor;
        uint256 streak = 1;
        if (running) {
            outFor = uint256(uint16(state >> 8)) + (observedAt - observedAtOf(state));
            streak = uint256(uint8(state >> 24)) + 1;
            if (outFor > type(uint16).max) outFor = type(uint16).max;
            if (streak > type(uint8).max) streak = type(uint8).max;
        }
        uint256 runLength = uint8(profile >> 152);
        bool confirmed =
            status == uint8(DeviceStatus.Faulty) ||
                outFor >= uint16(profile >> 160) ||
                (runLength != 0 && streak >= runLength);
        next |= (streak << 24) | (outFor << 8);
        return next | (confirmed ? uint8(DeviceStatus.Faulty) : uint8(DeviceStatus.Outside));
    }
}
