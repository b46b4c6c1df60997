// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DeviceKey, Installation, Reading} from "../interfaces/IEquipmentRegister.sol";
import {DeviceProfile} from "./DeviceWords.sol";

/// @title EquipmentTypes
/// @notice EIP-712 struct hashes of everything a device or its parties sign.
/// @dev All members are atomic, so the ABI encoding of a struct is its EIP-712 encoding.
library EquipmentTypes {
    bytes32 internal constant READING = keccak256(
        "Reading(uint32 device,uint32 counter,uint32 observedAt,int32 value,bytes8 firmware)"
    );
    bytes32 internal constant KEY = keccak256("DeviceKey(uint8 curve,bytes32 x,bytes32 y)");
    bytes32 internal constant PARTIES = keccak256(
        "DeviceParties(address owner,address installer,address manufacturer)"
    );
    bytes32 internal constant PROFILE = keccak256(
        "DeviceProfile(int32 low,int32 high,uint16 band,uint16 holdOff,uint8 runLength,uint24 heartbeatGap,uint16 crew,uint32 partner,bytes8 firmware,bool critical,bool p256)"
    );
    bytes32 internal constant INSTALLATION = keccak256(
        "Installation(DeviceKey key,bytes32 model,bytes32 firmware,DeviceProfile profile,DeviceParties parties,uint40 deadline)DeviceKey(uint8 curve,bytes32 x,bytes32 y)DeviceParties(address owner,address installer,address manufacturer)DeviceProfile(int32 low,int32 high,uint16 band,uint16 holdOff,uint8 runLength,uint24 heartbeatGap,uint16 crew,uint32 partner,bytes8 firmware,bool critical,bool p256)"
    );
    bytes32 internal constant CERTIFICATE = keccak256(
        "FactoryCertificate(uint8 curve,bytes32 x,bytes32 y,bytes32 model,bytes32 firmware)"
    );
    bytes32 internal constant ADJUSTMENT = keccak256(
        "Adjustment(uint32 device,DeviceProfile profile,uint64 sequence,uint40 deadline)DeviceProfile(int32 low,int32 high,uint16 band,uint16 holdOff,uint8 runLength,uint24 heartbeatGap,uint16 crew,uint32 partner,bytes8 firmware,bool critical,bool p256)"
    );
    bytes32 internal constant FIRMWARE_UPDATE = keccak256(
        "FirmwareUpdate(uint32 device,bytes32 firmware,uint64 sequence,uint40 deadline)"
    );
    bytes32 internal constant KEY_CHANGE = keccak256(
        "KeyChange(uint32 device,DeviceKey key,uint64 sequence,uint40 deadline)DeviceKey(uint8 curve,bytes32 x,bytes32 y)"
    );
    bytes32 internal constant RETIREMENT = keccak256("Retirement(uint32 device,uint64 sequence,uint40 deadline)");

    function reading(
        uint32 device,
        uint32 counter,
        uint32 observedAt,
        int32 value,
        bytes8 firmware
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(READING, device, counter, observedAt, value, firmware));
    }

    /// @notice The digest a device signs: `reading` of the packed parts, under `domain`.
    /// @dev Twin of the plain functions, fuzzed against them; a run of readings hashes many.
    function readingDigest(bytes32 domain, Reading packed, bytes8 firmware) internal pure returns (bytes32 digest) {
        bytes32 typeHash = READING;
        assembly ("memory-safe") {
            let word := and(packed, 0xffffffffffffffffffffffffffffffff)
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), shr(96, word))
            mstore(add(free, 0x40), and(shr(64, word), 0xffffffff))
            mstore(add(free, 0x60), and(shr(32, word), 0xffffffff))
            mstore(add(free, 0x80), signextend(3, word))
            mstore(add(free, 0xa0), shl(192, shr(192, firmware)))
            let hash := keccak256(free, 0xc0)
            mstore(free, shl(240, 0x1901))
            mstore(add(free, 0x02), domain)
            mstore(add(free, 0x22), hash)
            digest := keccak256(free, 0x42)
        }
    }

    function installation(Installation calldata data) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    INSTALLATION,
                    keccak256(abi.encode(KEY, data.key)),
                    data.model,
                    data.firmware,
                    keccak256(abi.encode(PROFILE, data.profile)),
                    keccak256(abi.encode(PARTIES, data.parties)),
                    data.deadline
                )
            );
    }

    function certificate(DeviceKey calldata key, bytes32 model, bytes32 firmware) internal pure returns (bytes32) {
        return keccak256(abi.encode(CERTIFICATE, key.curve, key.x, key.y, model, firmware));
    }

    function adjustment(
        uint32 device,
        DeviceProfile calldata profile,
        uint64 sequence,
        uint40 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(ADJUSTMENT, device, keccak256(abi.encode(PROFILE, profile)), sequence, deadline));
    }

    function firmwareUpdate(
        uint32 device,
        bytes32 firmware,
        uint64 sequence,
        uint40 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(FIRMWARE_UPDATE, device, firmware, sequence, deadline));
    }

    function keyChange(
        uint32 device,
        DeviceKey calldata key,
        uint64 sequence,
        uint40 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY_CHANGE, device, keccak256(abi.encode(KEY, key)), sequence, deadline));
    }

    function retirement(uint32 device, uint64 sequence, uint40 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(RETIREMENT, device, sequence, deadline));
    }
}
