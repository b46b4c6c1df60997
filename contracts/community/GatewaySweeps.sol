// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEquipmentRegister, ReadingRun, SignedReading} from "./interfaces/IEquipmentRegister.sol";
import {IGatewaySweeps, Sweep} from "./interfaces/IGatewaySweeps.sol";

/// @title GatewaySweeps
/// @notice One word and one root say how 256 devices are; lying costs the bond.
/// @dev Slot of a gateway, most significant first: | head 208 | hour 32 | free 14 | leaving 1 | serving 1 |
/// head chains every change: head' = first 26 bytes of keccak256(head ‖ word ‖ changedAt ‖ formerHour); hour is block
/// time / 3600 of the last sweep. A sweep that repeats the word within the same hour therefore writes nothing.
contract GatewaySweeps is IGatewaySweeps, ReentrancyGuardTransient {
    /// @notice What every gateway puts at stake, wei.
    uint256 public immutable BOND;
    /// @notice How long after leaving a gateway can still be exposed, seconds.
    uint40 public constant EXPOSURE_WINDOW = 30 days;
    /// @notice How long a gateway may take to hear of a reading, seconds; the device's hold-off comes on top.
    uint256 public constant GRACE = 10 minutes;
    IEquipmentRegister public immutable REGISTER;

    uint256 private constant SERVING = 1;
    uint256 private constant LEAVING = 2;

    mapping(address gateway => uint256) private _slots;
    /// @notice Seat of a device: gateway 160 | index 8 | taken 1 (bit 0).
    mapping(uint32 device => uint256) private _seats;
    /// @notice The device at a seat of a gateway; 0: free.
    mapping(address gateway => mapping(uint8 index => uint32)) public deviceAt;
    /// @notice What an account can withdraw once `withdrawableAt` has passed, wei.
    mapping(address account => uint256) public balanceOf;
    /// @notice When the balance of an account may leave, unix seconds; 0: at once.
    mapping(address account => uint40) public withdrawableAt;

    constructor(IEquipmentRegister register, uint256 bond) {
        REGISTER = register;
        BOND = bond;
    }

    // read

    /// @notice Chain head, hour of the last sweep and whether the gateway serves.
    function gatewayOf(address gateway) external view returns (bytes32 head, uint32 hour, bool serving) {
        uint256 slot = _slots[gateway];
        return (_headOf(slot), uint32(slot >> 16), slot & (SERVING | LEAVING) == SERVING);
    }

    /// @notice The seat of a device.
    function seatOf(uint32 device) external view returns (address gateway, uint8 index, bool seated) {
        uint256 word = _seats[device];
        return (address(uint160(word >> 96)), uint8(word >> 88), word & 1 != 0);
    }

    /// @notice The head after a change.
    function nextHead(bytes32 head, Sweep memory change) public pure returns (bytes32) {
        bytes32 full = keccak256(abi.encode(head, change.word, change.changedAt, change.formerHour));
        return bytes32((uint256(full) >> 48) << 48);
    }

    // write

    /// @inheritdoc IGatewaySweeps
    function join() external payable {
        if (_slots[msg.sender] != 0) revert GatewayNotServing(msg.sender);
        if (msg.value != BOND) revert GatewayBondWrong(msg.value, BOND);
        _slots[msg.sender] = SERVING;
        emit GatewayJoined(msg.sender, msg.value);
    }

    /// @inheritdoc IGatewaySweeps
    function seat(address gateway, uint8 index, uint32 device) external {
        if (REGISTER.partiesOf(device).owner != msg.sender) revert GatewayNotDeviceOwner(device, msg.sender);
        if (_slots[gateway] & (SERVING | LEAVING) != SERVING) revert GatewayNotServing(gateway);
        if (deviceAt[gateway][index] != 0) revert GatewaySeatTaken(gateway, index);
        uint256 former = _seats[device];
        if (former != 0) delete deviceAt[address(uint160(former >> 96))][uint8(former >> 88)];
        deviceAt[gateway][index] = device;
        // The moment counts: a gateway answers for sweeps made after the seat was given.
        _seats[device] =
            (uint256(uint160(gateway)) << 96) |
            (uint256(index) << 88) |
            (uint256(uint40(block.timestamp)) << 8) |
            1;
        emit DeviceSeated(gateway, index, device);
    }

    /// @inheritdoc IGatewaySweeps
    function sweep(uint256 word, bytes32 root) external {
        uint256 slot = _serving();
        uint32 formerHour = uint32(slot >> 16);
        bytes32 head = nextHead(_headOf(slot), Sweep(word, uint40(block.timestamp), formerHour));
        _slots[msg.sender] = uint256(head) | ((block.timestamp / 1 hours) << 16) | SERVING;
        emit FleetSwept(msg.sender, word, root, formerHour);
    }

    /// @inheritdoc IGatewaySweeps
    function repeatSweep(bytes32 root) external {
        uint256 slot = _serving();
        uint256 hour = block.timestamp / 1 hours;
        if (uint32(slot >> 16) != hour) {
            // Before the first sweep there is nothing to repeat.
            if (_headOf(slot) == 0) revert GatewayHistoryWrong(msg.sender);
            _slots[msg.sender] = uint256(_headOf(slot)) | (hour << 16) | SERVING;
        }
        emit FleetUnchanged(msg.sender, root);
    }

    /// @inheritdoc IGatewaySweeps
    function expose(address gateway, SignedReading[] calldata run, bytes32 before, Sweep[] calldata history) external {
        uint256 slot = _slots[gateway];
        if (slot & SERVING == 0) revert GatewayNotServing(gateway);
        ReadingRun memory proof = REGISTER.checkRun(run);
        if (!_isHidden(gateway, proof, slot, before, history)) revert GatewayLieUnproven(gateway, proof.device);
        // The slot keeps its head, so the account can never join again; the bond changes hands.
        _slots[gateway] = (slot >> 2) << 2;
        if (slot & LEAVING != 0) balanceOf[gateway] -= BOND;
        balanceOf[msg.sender] += BOND / 2;
        balanceOf[REGISTER.partiesOf(proof.device).owner] += BOND - BOND / 2;
        emit GatewayExposed(gateway, proof.device, msg.sender, BOND);
    }

    /// @inheritdoc IGatewaySweeps
    function resign() external {
        uint256 slot = _serving();
        _slots[msg.sender] = slot | LEAVING;
        balanceOf[msg.sender] += BOND;
        uint40 due = uint40(block.timestamp) + EXPOSURE_WINDOW;
        withdrawableAt[msg.sender] = due;
        emit GatewayLeaving(msg.sender, due);
    }

    /// @inheritdoc IGatewaySweeps
    function withdraw() external nonReentrant {
        uint256 amount = balanceOf[msg.sender];
        uint40 due = withdrawableAt[msg.sender];
        if (amount == 0 || block.timestamp < due) revert GatewayNothingDue(msg.sender, due);
        balanceOf[msg.sender] = 0;
        // Once the bond is out nobody can take it any more.
        if (_slots[msg.sender] & LEAVING != 0) _slots[msg.sender] = LEAVING;
        emit GatewayPaid(msg.sender, amount);
        (bool paid, ) = msg.sender.call{value: amount}("");
        if (!paid) revert GatewayPaymentFailed(msg.sender);
    }

    // internal

    function _serving() private view returns (uint256 slot) {
        slot = _slots[msg.sender];
        if (slot & (SERVING | LEAVING) != SERVING) revert GatewayNotServing(msg.sender);
    }

    function _headOf(uint256 slot) private pure returns (bytes32) {
        return bytes32((slot >> 48) << 48);
    }

    /// @dev Whether the word of `history[0]` called a device fine at a moment when it had long said the opposite. The word
    /// stood from its change until the start of the hour in which it was repeated last; the run covers [firstAt, lastAt].
    function _isHidden(
        address gateway,
        ReadingRun memory proof,
        uint256 slot,
        bytes32 before,
        Sweep[] calldata history
    ) private view returns (bool) {
        bytes32 head = before;
        for (uint256 i = 0; i < history.length; ++i) head = nextHead(head, history[i]);
        if (history.length == 0 || head != _headOf(slot)) revert GatewayHistoryWrong(gateway);
        uint256 seated = _seats[proof.device];
        if (seated & 1 == 0 || address(uint160(seated >> 96)) != gateway || !proof.allOutside) return false;
        if ((history[0].word >> uint8(seated >> 88)) & 1 != 0) return false;

        uint256 stoodFrom = history[0].changedAt;
        uint256 stoodUntil = 1 hours * uint256(history.length == 1 ? uint32(slot >> 16) : history[1].formerHour);
        stoodUntil = Math.max(stoodUntil, stoodFrom);
        uint256 knownFrom = Math.max(proof.firstAt, uint40(seated >> 8));
        knownFrom += GRACE + REGISTER.profileOf(proof.device).holdOff;
        return Math.max(stoodFrom, knownFrom) <= Math.min(stoodUntil, proof.lastAt);
    }
}
