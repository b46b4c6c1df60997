// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {CrewRota} from "./CrewRota.sol";
import {IEquipmentRegister, ReadingRun, SignedReading} from "./interfaces/IEquipmentRegister.sol";
import {IResidentForum, ResidentSubject} from "./interfaces/IResidentForum.sol";
import {IServiceContract, RepairOutcome} from "./interfaces/IServiceContract.sol";
import {IWorkOrders} from "./interfaces/IWorkOrders.sol";
import {DeviceState, DeviceStatus} from "./libraries/DeviceWords.sol";
import {FaultKind, Order, OrderState, OrderWords} from "./libraries/OrderWords.sol";
import {TermsWords} from "./libraries/TermsWords.sol";

/// @title WorkOrders
/// @notice One slot an order; readings open and close it, the rota names the technician, the clock escalates.
contract WorkOrders is IWorkOrders, CrewRota {
    using OrderWords for uint256;
    using TermsWords for uint256;
    using OrderWords for Order;

    /// @notice The level at which owners and regulator look on and nothing escalates further.
    uint8 public constant LAST_LEVEL = 5;
    IEquipmentRegister public immutable REGISTER;
    IResidentForum public immutable FORUM;
    IServiceContract public immutable SERVICE;

    mapping(uint32 device => mapping(FaultKind kind => uint256)) private _orders;

    constructor(
        IEquipmentRegister register,
        IResidentForum forum,
        IServiceContract service,
        ICredentialReader credentials
    ) CrewRota(credentials) {
        REGISTER = register;
        FORUM = forum;
        SERVICE = service;
    }

    // read

    /// @inheritdoc IWorkOrders
    function orderOf(uint32 device, FaultKind kind) external view returns (Order memory) {
        return _read(device, kind);
    }

    /// @inheritdoc IWorkOrders
    function dueAt(uint32 device, FaultKind kind) external view returns (uint256) {
        Order memory order = _read(device, kind);
        return _due(order, _terms[order.crew]);
    }

    /// @inheritdoc IWorkOrders
    function isFinal(uint32 device, FaultKind kind) external view returns (bool) {
        Order memory order = _read(device, kind);
        return order.state == OrderState.Closed && !_inWarranty(order);
    }

    /// @inheritdoc IWorkOrders
    function disputeReference(uint32 device, FaultKind kind, uint16 number) public pure returns (bytes32) {
        return keccak256(abi.encode(device, kind, number));
    }

    // write

    /// @inheritdoc IWorkOrders
    function report(SignedReading calldata reading) external {
        (DeviceStatus status, uint16 crew) = REGISTER.submit(reading);
        if (status != DeviceStatus.Faulty || crew == 0) return;
        Order memory order = _read(reading.device, FaultKind.Limits);
        if (order.isLive()) return;
        _open(order, reading.device, FaultKind.Limits, crew);
        _write(order, reading.device, FaultKind.Limits);
    }

    /// @inheritdoc IWorkOrders
    function open(uint32 device, FaultKind kind) external {
        Order memory order = _read(device, kind);
        if (order.isLive()) revert OrderWrongState(device, kind, order.state);
        uint256 restoredAt = uint256(order.openedAt) + order.restored;
        bool fault;
        DeviceState memory state = REGISTER.stateOf(device);
        if (kind == FaultKind.Limits) {
            fault = state.status == DeviceStatus.Faulty && state.observedAt > restoredAt;
        } else if (kind == FaultKind.Silence) {
            fault = state.status == DeviceStatus.Offline;
        } else {
            bool serving = state.status != DeviceStatus.None && state.status != DeviceStatus.Retired;
            fault = serving && FORUM.agreedAt(device, ResidentSubject.Fault) > restoredAt;
        }
        if (!fault) revert OrderWithoutFault(device, kind);
        uint16 crew = REGISTER.profileOf(device).crew;
        if (crew == 0) revert OrderWithoutCrew(device);
        _open(order, device, kind, crew);
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function accept(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.Assigned, device, kind, order);
        _accept(order, device, kind);
        order.state = OrderState.Accepted;
        _store(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function decline(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.Assigned && order.level == 1, device, kind, order);
        emit OrderDeclined(device, kind, order.number, order.seat);
        _stepBack(order.crew, order.seat);
        _unload(order.crew, order.seat);
        // The stage goes on: declining does not win time.
        (order.level, order.seat) = _assign(order.crew, device, uint8(kind), order.number, order.seat + 1);
        emit OrderReassigned(device, kind, order.number, order.level, order.seat);
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function arrive(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        if (order.state == OrderState.Assigned) _accept(order, device, kind);
        else _require(order.state == OrderState.Accepted, device, kind, order);
        if (order.arrived == 0) order.arrived = order.since(block.timestamp);
        order.state = OrderState.OnSite;
        _store(order, device, kind);
        emit OrderArrived(device, kind, order.number);
    }

    /// @inheritdoc IWorkOrders
    function start(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.OnSite, device, kind, order);
        // The clock of the stage runs from arrival on.
        order.state = OrderState.Working;
        _write(order, device, kind);
        emit OrderStarted(device, kind, order.number);
    }

    /// @inheritdoc IWorkOrders
    function hold(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.Working, device, kind, order);
        if (uint256(order.held) * 60 + 60 > _terms[order.crew].holdMax()) revert OrderHoldUsedUp(device, kind);
        order.state = OrderState.OnHold;
        _store(order, device, kind);
        emit OrderHeld(device, kind, order.number);
    }

    /// @inheritdoc IWorkOrders
    function resume(uint32 device, FaultKind kind) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.OnHold, device, kind, order);
        uint256 until = _due(order, _terms[order.crew]);
        _resume(order, device, kind, block.timestamp < until ? block.timestamp : until);
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function claimFixed(uint32 device, FaultKind kind, uint24 code, bytes32 evidenceRoot) external {
        Order memory order = _mine(device, kind);
        _require(order.state == OrderState.OnSite || order.state == OrderState.Working, device, kind, order);
        order.state = OrderState.Verifying;
        order.code = code;
        _store(order, device, kind);
        emit FixClaimed(device, kind, order.number, code, evidenceRoot);
    }

    /// @inheritdoc IWorkOrders
    function prove(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external {
        Order memory order = _read(device, kind);
        _require(order.state == OrderState.Verifying, device, kind, order);
        _requireSound(order, device, kind, run, partnerRun, order.stageAt);
        order.restored = order.since(order.stageAt);
        order.state = OrderState.Restored;
        _unload(order.crew, order.seat);
        emit OrderRestored(device, kind, order.number, order.stageAt);
        _store(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function disprove(uint32 device, FaultKind kind, SignedReading[] calldata run) external {
        Order memory order = _read(device, kind);
        _require(order.state == OrderState.Verifying, device, kind, order);
        ReadingRun memory proof = REGISTER.submitRun(run);
        if (proof.device != device || !proof.allOutside || proof.firstAt <= order.stageAt)
            revert OrderUnproven(device, kind);
        _fail(order, device, kind, block.timestamp);
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function selfClear(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external {
        Order memory order = _read(device, kind);
        _require(order.state >= OrderState.Assigned && order.state <= OrderState.OnSite, device, kind, order);
        if (kind == FaultKind.Reported) revert OrderNotClearable(device, kind);
        _requireSound(order, device, kind, run, partnerRun, order.openedAt);
        bool onSite = order.state == OrderState.OnSite;
        order.restored = order.since(block.timestamp);
        order.state = OrderState.SelfCleared;
        _unload(order.crew, order.seat);
        emit OrderSelfCleared(device, kind, order.number, onSite);
        _settle(order, device, kind, RepairOutcome.SelfCleared);
        _store(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function escalate(uint32 device, FaultKind kind) external {
        Order memory order = _read(device, kind);
        uint256 terms = _terms[order.crew];
        uint256 due = _due(order, terms);
        if (block.timestamp <= due) revert OrderNotDue(device, kind, due);
        // At most: hold ends, or the claim lapses, then four levels.
        while (block.timestamp > due) {
            if (order.state == OrderState.OnHold) _resume(order, device, kind, due);
            else if (order.state == OrderState.Verifying) _fail(order, device, kind, due);
            else _raise(order, device, kind, due);
            due = _due(order, terms);
        }
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function dispute(uint32 device, FaultKind kind) external payable {
        Order memory order = _read(device, kind);
        address community = REGISTER.partiesOf(device).owner;
        if (
            order.state != OrderState.Restored ||
            block.timestamp > uint256(order.stageAt) + _terms[order.crew].confirmWindow() ||
            !FORUM.isResident(community, msg.sender)
        ) revert OrderNotDisputable(device, kind, msg.sender);
        order.state = OrderState.Disputed;
        _store(order, device, kind);
        bytes32 id = FORUM.openDispute{value: msg.value}(
            disputeReference(device, kind, order.number),
            community,
            msg.sender
        );
        emit OrderDisputed(device, kind, order.number, id);
    }

    /// @inheritdoc IWorkOrders
    function rule(uint32 device, FaultKind kind) external {
        Order memory order = _read(device, kind);
        _require(order.state == OrderState.Disputed, device, kind, order);
        (bool decided, bool upheld) = FORUM.verdictOf(
            FORUM.disputeId(address(this), disputeReference(device, kind, order.number))
        );
        if (!decided) revert OrderUndecided(device, kind);
        order.state = OrderState.Closed;
        emit OrderClosed(device, kind, order.number, upheld);
        _settle(order, device, kind, upheld ? RepairOutcome.Refuted : RepairOutcome.Repaired);
        if (upheld) _open(order, device, kind, order.crew);
        _write(order, device, kind);
    }

    /// @inheritdoc IWorkOrders
    function settle(uint32 device, FaultKind kind) external {
        Order memory order = _read(device, kind);
        _require(order.state == OrderState.Restored, device, kind, order);
        uint256 until = uint256(order.stageAt) + _terms[order.crew].confirmWindow();
        if (block.timestamp <= until && FORUM.agreedAt(device, ResidentSubject.Fixed) <= order.stageAt)
            revert OrderNotDue(device, kind, until);
        _close(order, device, kind);
        _write(order, device, kind);
    }

    // internal

    function _mine(uint32 device, FaultKind kind) private view returns (Order memory order) {
        order = _read(device, kind);
        if (_seats[order.crew][order.seat].holder != msg.sender) revert OrderNotAssignee(device, kind, msg.sender);
    }

    function _read(uint32 device, FaultKind kind) private view returns (Order memory) {
        return _orders[device][kind].unpackOrder();
    }

    function _write(Order memory order, uint32 device, FaultKind kind) private {
        _orders[device][kind] = order.pack();
    }

    function _require(bool condition, uint32 device, FaultKind kind, Order memory order) private pure {
        if (!condition) revert OrderWrongState(device, kind, order.state);
    }

    /// @dev A new stage begins now.
    function _store(Order memory order, uint32 device, FaultKind kind) private {
        order.stageAt = uint32(block.timestamp);
        _write(order, device, kind);
    }

    /// @dev Turns the word of the former order, if any, into the next one; the former is closed and settled first.
    function _open(Order memory order, uint32 device, FaultKind kind, uint16 crew) private {
        if (order.state == OrderState.Restored) _close(order, device, kind);
        bool redo = order.state == OrderState.Closed && _inWarranty(order) && order.crew == crew;
        uint16 number = order.number + 1;
        (uint8 level, uint8 seat) = _assign(crew, device, uint8(kind), number, 0);
        // Cleared field by field: the word is the caller's.
        order.state = OrderState.Assigned;
        order.level = level;
        order.seat = seat;
        order.crew = crew;
        order.number = number;
        order.openedAt = uint32(block.timestamp);
        order.stageAt = uint32(block.timestamp);
        order.accepted = 0;
        order.arrived = 0;
        order.restored = 0;
        order.held = 0;
        order.failures = 0;
        order.code = 0;
        order.redo = redo;
        emit OrderOpened(device, kind, number, crew, level, seat, redo);
    }

    function _accept(Order memory order, uint32 device, FaultKind kind) private {
        if (order.accepted == 0) order.accepted = order.since(block.timestamp);
        emit OrderAccepted(device, kind, order.number, order.seat);
    }

    function _resume(Order memory order, uint32 device, FaultKind kind, uint256 moment) private {
        // Rounded down: part of a minute does not excuse lateness.
        uint256 held = uint256(order.held) + (moment - order.stageAt) / 60;
        order.held = held > type(uint16).max ? type(uint16).max : uint16(held);
        order.state = OrderState.Working;
        order.stageAt = uint32(moment);
        emit OrderResumed(device, kind, order.number, order.held);
    }

    function _fail(Order memory order, uint32 device, FaultKind kind, uint256 moment) private {
        if (order.failures != type(uint8).max) ++order.failures;
        order.state = OrderState.Working;
        order.stageAt = uint32(moment);
        emit FixFailed(device, kind, order.number, order.failures);
    }

    /// @dev One level up; the next one's time begins where the former's ended.
    function _raise(Order memory order, uint32 device, FaultKind kind, uint256 moment) private {
        _unload(order.crew, order.seat);
        ++order.level;
        if (order.level < LAST_LEVEL) {
            order.seat = order.level == 2 ? LEAD : order.level == 3 ? PRINCIPAL : BACKUP;
            order.state = OrderState.Assigned;
        }
        order.stageAt = uint32(moment);
        emit OrderReassigned(device, kind, order.number, order.level, order.seat);
    }

    function _due(Order memory order, uint256 terms) private pure returns (uint256) {
        if (order.state == OrderState.OnHold) {
            uint256 used = uint256(order.held) * 60;
            return order.stageAt + (terms.holdMax() > used ? terms.holdMax() - used : 0);
        }
        if (order.state == OrderState.Verifying) return uint256(order.stageAt) + terms.verifyWindow();
        if (order.level < LAST_LEVEL) {
            if (order.state == OrderState.Assigned) return uint256(order.stageAt) + terms.response();
            if (order.state == OrderState.Accepted) return uint256(order.stageAt) + terms.arrival();
            if (order.state == OrderState.OnSite || order.state == OrderState.Working)
                return uint256(order.stageAt) + terms.restore();
        }
        return type(uint256).max;
    }

    function _inWarranty(Order memory order) private view returns (bool) {
        return block.timestamp <= uint256(order.openedAt) + order.restored + _terms[order.crew].warranty();
    }

    function _requireSound(
        Order memory order,
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun,
        uint256 afterAt
    ) private {
        uint256 terms = _terms[order.crew];
        ReadingRun memory proof = REGISTER.submitRun(run);
        bool sound = proof.device == device && _isSound(proof, run.length, terms, afterAt);
        if (sound && proof.partner != 0) {
            ReadingRun memory second = REGISTER.submitRun(partnerRun);
            sound = second.device == proof.partner && _isSound(second, partnerRun.length, terms, afterAt);
        }
        if (!sound) revert OrderUnproven(device, kind);
    }

    function _isSound(
        ReadingRun memory proof,
        uint256 length,
        uint256 terms,
        uint256 afterAt
    ) private pure returns (bool) {
        return
            proof.allInside &&
            length >= terms.verifyCount() &&
            proof.firstAt > afterAt &&
            proof.lastAt - proof.firstAt >= terms.verifySpan();
    }

    function _close(Order memory order, uint32 device, FaultKind kind) private {
        order.state = OrderState.Closed;
        emit OrderClosed(device, kind, order.number, false);
        _settle(order, device, kind, RepairOutcome.Repaired);
    }

    /// @dev Everything the service contract needs stands in the two words: the same whenever it is called.
    function _settle(Order memory order, uint32 device, FaultKind kind, RepairOutcome outcome) private {
        SERVICE.settle(device, uint8(kind), order.pack(), _terms[order.crew], outcome);
    }
}
