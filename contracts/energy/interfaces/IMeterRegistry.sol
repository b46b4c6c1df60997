// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Curve} from "../../foundation/libraries/DeviceSignatures.sol";

/// @title IMeterRegistry
/// @notice What signed meters measured: one value for each meter and quarter of an hour, for ever.
/// @dev A meter has the number of the account it measures. A day is unix time / 86,400; its 96 values are big-endian
/// int32 in Wh, produced positive, consumed negative.
interface IMeterRegistry {
    /// @notice A meter as registered.
    struct Meter {
        Curve curve;
        /// @notice What it measures, by the scheme's own numbering (PV, battery, household …).
        uint8 class;
        /// @notice Largest amount, either way, that its connection can carry in one slot.
        uint32 capWh;
        bytes32 x;
        bytes32 y;
    }

    /// @notice A meter was registered, or its device was exchanged.
    event MeterRegistered(uint32 indexed account, Curve curve, bytes32 x, bytes32 y, uint32 capWh, uint8 class);
    /// @notice A day was posted, signed by the meter; `digest` is keccak256 of the values without its lowest 32 bits.
    event MeterDayPosted(uint32 indexed account, uint32 indexed day, bytes32 digest);
    /// @notice The measurement body declared a posted day wrong. The value that settles does not change.
    event MeterDayCorrected(
        uint32 indexed account,
        uint32 indexed day,
        uint256 sequence,
        bytes32 digest,
        bytes32 reason
    );

    /// @notice No meter is registered for the account.
    /// @dev Have the measurement body register it.
    error MeterUnknown(uint32 account);
    /// @notice The key is not a point of its curve, or not an account.
    /// @dev Give the device's public key (P-256: x and y) or its address (secp256k1: x, with y zero).
    error MeterBadKey(uint32 account);
    /// @notice The day was posted before, or is too old for the ring.
    /// @dev Values are never replaced; ask the measurement body for a correction.
    error MeterDayTaken(uint32 account, uint32 day);
    /// @notice The day has not ended.
    /// @dev Post after midnight UTC.
    error MeterDayOpen(uint32 day);
    /// @notice There must be exactly 96 values of 4 bytes.
    /// @dev Fill slots without a reading with zero.
    error MeterBadLength(uint256 length);
    /// @notice The value of slot `index` is more than the connection can carry.
    /// @dev Check the meter; a wrong cap is raised by registering the meter anew.
    error MeterOverCap(uint256 index, int256 valueWh, uint256 capWh);
    /// @notice The values are not signed by the meter.
    /// @dev Sign the EIP-712 digest of MeterDay for this chain and registry, in the low-s form.
    error MeterBadSignature(uint32 account);
    /// @notice The day was never posted.
    /// @dev Only a posted day can be corrected.
    error MeterDayMissing(uint32 account, uint32 day);

    /// @notice The meter of an account; all zero when there is none.
    function meterOf(uint32 account) external view returns (Meter memory);

    /// @notice What a posted day's values hash to, without the lowest 32 bits; zero when not held.
    function digestOf(uint32 account, uint32 day) external view returns (bytes32);

    /// @notice `digestOf` for many accounts.
    function digestsOf(uint256[] calldata accounts, uint32 day) external view returns (bytes32[] memory);

    /// @notice How often a day was corrected.
    function corrections(uint32 account, uint32 day) external view returns (uint256);

    /// @notice Registers a meter or exchanges its device. Past days stay.
    function register(uint32 account, Meter calldata meter) external;

    /// @notice Posts a day. Anyone may carry the meter's signed values.
    /// @param a First half of the signature (r).
    /// @param b Second half (secp256k1: vs; P-256: s in its low form).
    function post(uint32 account, uint32 day, bytes calldata values, bytes32 a, bytes32 b) external;

    /// @notice Logs a correction.
    /// @param digest keccak256 of the corrected values.
    /// @param reason Digest of the measurement body's report.
    function correct(uint32 account, uint32 day, bytes32 digest, bytes32 reason) external;
}
