// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Curve, DeviceSignatures} from "../foundation/libraries/DeviceSignatures.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {MeterValues} from "./libraries/MeterValues.sol";

/// @title MeterRegistry
/// @notice Meters, their keys, and the days they signed.
contract MeterRegistry is IMeterRegistry, AccessManaged, EIP712 {
    bytes32 private constant TYPEHASH = keccak256("MeterDay(uint32 account,uint32 day,bytes values)");
    /// @dev Days kept for settlement; older ones live in events. Reused, so that a post costs no new word.
    uint256 private constant RING = 16;

    mapping(uint256 account => Meter) private _meters;
    /// @dev By account and day mod RING: digest 224 | day 32. The day only grows, so no value is ever replaced.
    mapping(uint256 account => mapping(uint256 index => uint256 word)) private _days;
    /// @inheritdoc IMeterRegistry
    mapping(uint32 account => mapping(uint32 day => uint256 count)) public corrections;

    constructor(address manager) AccessManaged(manager) EIP712("Publica MeterRegistry", "1") {}

    // --- read ---

    /// @inheritdoc IMeterRegistry
    function meterOf(uint32 account) external view returns (Meter memory) {
        return _meters[account];
    }

    /// @inheritdoc IMeterRegistry
    function digestOf(uint32 account, uint32 day) public view returns (bytes32) {
        uint256 word = _days[account][day % RING];
        return uint32(word) == day ? bytes32((word >> 32) << 32) : bytes32(0);
    }

    /// @inheritdoc IMeterRegistry
    function digestsOf(uint256[] calldata accounts, uint32 day) external view returns (bytes32[] memory digests) {
        digests = new bytes32[](accounts.length);
        uint256 index = day % RING;
        for (uint256 i = 0; i < digests.length; ++i) {
            uint256 word = _days[uint32(accounts[i])][index];
            if (uint32(word) == day) digests[i] = bytes32((word >> 32) << 32);
        }
    }

    // --- write ---

    /// @inheritdoc IMeterRegistry
    function register(uint32 account, Meter calldata meter) external restricted {
        if (!DeviceSignatures.isValidKey(meter.curve, meter.x, meter.y)) revert MeterBadKey(account);
        _meters[account] = meter;
        emit MeterRegistered(account, meter.curve, meter.x, meter.y, meter.capWh, meter.class);
    }

    /// @inheritdoc IMeterRegistry
    function post(uint32 account, uint32 day, bytes calldata values, bytes32 a, bytes32 b) external {
        if (block.timestamp < (uint256(day) + 1) * 1 days) revert MeterDayOpen(day);
        if (_meters[account].x == 0) revert MeterUnknown(account);
        if (values.length != MeterValues.DAY_BYTES) revert MeterBadLength(values.length);
        uint256 word = _days[account][day % RING];
        if (word != 0 && uint32(word) >= day) revert MeterDayTaken(account, day);
        bytes32 digest = keccak256(values);
        _checkValues(account, values);
        _checkSignature(account, keccak256(abi.encode(TYPEHASH, account, day, digest)), a, b);
        digest = (digest >> 32) << 32;
        _days[account][day % RING] = uint256(digest) | day;
        emit MeterDayPosted(account, day, digest);
    }

    /// @inheritdoc IMeterRegistry
    function correct(uint32 account, uint32 day, bytes32 digest, bytes32 reason) external restricted {
        if (digestOf(account, day) == 0) revert MeterDayMissing(account, day);
        uint256 sequence = ++corrections[account][day];
        emit MeterDayCorrected(account, day, sequence, digest, reason);
    }

    // --- internal ---

    function _checkValues(uint32 account, bytes calldata values) private view {
        uint256 capWh = _meters[account].capWh;
        (uint256 index, int256 valueWh) = MeterValues.firstOver(values, capWh);
        if (index < MeterValues.DAY_SLOTS) revert MeterOverCap(index, valueWh, capWh);
    }

    function _checkSignature(uint32 account, bytes32 structHash, bytes32 a, bytes32 b) private view {
        Meter storage meter = _meters[account];
        (Curve curve, bytes32 x) = (meter.curve, meter.x);
        bytes32 y = curve == Curve.P256 ? meter.y : bytes32(0);
        if (!DeviceSignatures.verify(curve, x, y, _hashTypedDataV4(structHash), a, b))
            revert MeterBadSignature(account);
    }
}
