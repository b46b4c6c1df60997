// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {CrewRota} from "./CrewRota.sol";
import {CrewFigures} from "./interfaces/ICrewRota.sol";
import {IEquipmentRegister, Reading, ReadingRun, SignedReading} from "./interfaces/IEquipmentRegister.sol";
import {IResidentForum, ResidentSubject} from "./interfaces/IResidentForum.sol";
import {IServiceContract, RepairOutcome} from "./interfaces/IServiceContract.sol";
import {IWorkOrders} from "./interfaces/IWorkOrders.sol";
import {DeviceState, DeviceStatus, DeviceWords} from "./libraries/DeviceWords.sol";
import {FaultKind, Order, OrderId, OrderState, OrderWords} from "./libraries/OrderWords.sol";
import {TermsWords} from "./libraries/TermsWords.sol";

/// @title WorkOrders
/// @notice One slot an order; readings open and close it, the rota names the technician, the clock escalates.
contract WorkOrders is IWorkOrders, CrewRota {
    using DeviceWords for Reading;
    using OrderWords for uint256;
    using TermsWords for uint256;

    /// @dev The level at which owners and regulator look on and nothing escalates further.
    uint8 private constant LAST_LEVEL = 5;
    IEquipmentRegister public immutable REGISTER;
    IResidentForum public immutable FORUM;
    IServiceContract public immutable SERVICE;

    /// @dev A slot that can be pointed at: it is found once for reading and writing.
    struct OrderSlot {
        uint256 word;
    }

    /// @dev Keyed by device 32 | kind 8.
    mapping(uint256 deviceAndKind => OrderSlot) private _orders;

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
        return _slotOf(device, kind).word.unpackOrder();
    }

    /// @inheritdoc IWorkOrders
    function dueAt(uint32 device, FaultKind kind) external view returns (uint256) {
        uint256 order = _slotOf(device, kind).word;
        return _due(order, _terms[order.crewOf()]);
    }

    /// @inheritdoc IWorkOrders
    function isFinal(uint32 device, FaultKind kind) external view returns (bool) {
        uint256 order = _slotOf(device, kind).word;
        return order.isIn(OrderState.Closed) && !_inWarranty(order);
    }

    // write

    /// @inheritdoc IWorkOrders
    function report(SignedReading calldata signed) external {
        (DeviceStatus status, uint16 crew) = REGISTER.record(signed);
        if (status != DeviceStatus.Faulty || crew == 0) return;
        uint32 device = signed.reading.deviceOf();
        OrderSlot storage slot = _slotOf(device, FaultKind.Limits);
        uint256 order = slot.word;
        if (order.isLive()) return;
        slot.word = _open(order, device, FaultKind.Limits, crew);
    }

    /// @inheritdoc IWorkOrders
    function open(uint32 device, FaultKind kind) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        if (order.isLive()) revert OrderWrongState(device, kind, order.stateOf());
        uint256 restoredAt = order.endedAtOf();
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
        slot.word = _open(order, device, kind, crew);
    }

    /// @inheritdoc IWorkOrders
    function acceptWork(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.Assigned), device, kind, order);
        order = order.withAccepted(block.timestamp).withStage(OrderState.Accepted, block.timestamp);
        slot.word = order;
        emit OrderAccepted(order.idOf(device, kind));
    }

    /// @inheritdoc IWorkOrders
    function decline(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.Assigned) && order.levelOf() == 1, device, kind, order);
        (uint16 crew, uint16 number, uint8 seat) = (order.crewOf(), order.numberOf(), order.seatOf());
        OrderId id = order.idOf(device, kind);
        emit OrderDeclined(id, seat);
        _stepBack(crew, seat);
        _unload(crew, seat);
        // The stage goes on: declining does not win time.
        (uint8 level, uint8 chosen) = _assign(crew, device, uint8(kind), number, seat + 1);
        slot.word = order.withSeat(level, chosen);
        emit OrderReassigned(id, level, chosen);
    }

    /// @inheritdoc IWorkOrders
    function arriveAtSite(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.Accepted) || order.isIn(OrderState.Assigned), device, kind, order);
        // Who comes without a word has accepted by coming.
        order = order.withAccepted(block.timestamp).withArrived(block.timestamp);
        slot.word = order.withStage(OrderState.OnSite, block.timestamp);
        emit OrderArrived(order.idOf(device, kind));
    }

    /// @inheritdoc IWorkOrders
    function beginRepair(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.OnSite), device, kind, order);
        // The clock of the stage runs from arrival on.
        slot.word = order.withState(OrderState.Working);
        emit OrderStarted(order.idOf(device, kind));
    }

    /// @inheritdoc IWorkOrders
    function hold(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.Working), device, kind, order);
        slot.word = order.withStage(OrderState.OnHold, block.timestamp);
        emit OrderHeld(order.idOf(device, kind));
    }

    /// @inheritdoc IWorkOrders
    function continueWork(uint32 device, FaultKind kind) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.OnHold), device, kind, order);
        slot.word = _resume(order, device, kind, block.timestamp);
    }

    /// @inheritdoc IWorkOrders
    function claimRepaired(uint32 device, FaultKind kind, uint24 code, bytes32 evidenceRoot) external {
        (OrderSlot storage slot, uint256 order) = _mine(device, kind);
        _require(order.isIn(OrderState.OnSite) || order.isIn(OrderState.Working), device, kind, order);
        // Whoever lost the licence since being seated cannot end a repair, whatever the seat.
        if (!CREDENTIALS.isValid(TECHNICIAN, msg.sender)) revert CrewMemberCredential(msg.sender);
        slot.word = order.withCode(code).withStage(OrderState.Verifying, block.timestamp);
        emit FixClaimed(order.idOf(device, kind), code, evidenceRoot);
    }

    /// @inheritdoc IWorkOrders
    function proveRepair(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        _require(order.isIn(OrderState.Verifying), device, kind, order);
        uint256 claimedAt = order.stageAtOf();
        _requireSound(order, device, kind, run, partnerRun, claimedAt);
        slot.word = order.withRestored(claimedAt).withStage(OrderState.Restored, block.timestamp);
        _unload(order.crewOf(), order.seatOf());
        emit OrderRestored(order.idOf(device, kind), uint32(claimedAt));
    }

    /// @inheritdoc IWorkOrders
    function disprove(uint32 device, FaultKind kind, SignedReading[] calldata run) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        _require(order.isIn(OrderState.Verifying), device, kind, order);
        ReadingRun memory proof = REGISTER.submitRun(run);
        if (proof.device != device || !proof.allOutside || proof.firstAt <= order.stageAtOf())
            revert OrderUnproven(device, kind);
        slot.word = _fail(order, device, kind, block.timestamp);
    }

    /// @inheritdoc IWorkOrders
    function selfClear(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        OrderState state = order.stateOf();
        _require(state >= OrderState.Assigned && state <= OrderState.OnSite, device, kind, order);
        if (kind == FaultKind.Reported) revert OrderNotClearable(device, kind);
        _requireSound(order, device, kind, run, partnerRun, order.openedAtOf());
        order = order.withRestored(block.timestamp).withStage(OrderState.SelfCleared, block.timestamp);
        slot.word = order;
        _unload(order.crewOf(), order.seatOf());
        OrderId id = order.idOf(device, kind);
        emit OrderSelfCleared(id, state == OrderState.OnSite);
        SERVICE.settle(id, order, _terms[order.crewOf()], RepairOutcome.SelfCleared);
    }

    /// @inheritdoc IWorkOrders
    function escalate(uint32 device, FaultKind kind) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        uint256 terms = _terms[order.crewOf()];
        uint256 due = _due(order, terms);
        if (block.timestamp <= due) revert OrderNotDue(device, kind, due);
        // At most six rounds: the hold ends or the claim lapses, work overruns, then four levels.
        while (block.timestamp > due) {
            OrderState state = order.stateOf();
            if (state == OrderState.OnHold) order = _resume(order, device, kind, due);
            else if (state == OrderState.Verifying) order = _fail(order, device, kind, due);
            else order = _raise(order, device, kind, due);
            due = _due(order, terms);
        }
        slot.word = order;
    }

    /// @inheritdoc IWorkOrders
    function dispute(uint32 device, FaultKind kind) external payable {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        address community = REGISTER.partiesOf(device).owner;
        if (!_isOpenToDoubt(order) || !FORUM.isResident(community, msg.sender))
            revert OrderNotDisputable(device, kind, msg.sender);
        slot.word = order.withStage(OrderState.Disputed, block.timestamp);
        OrderId id = order.idOf(device, kind);
        bytes32 disputeId = FORUM.openDispute{value: msg.value}(_reference(id), community, msg.sender);
        emit OrderDisputed(id, disputeId);
    }

    /// @inheritdoc IWorkOrders
    function nominate(uint32 device, FaultKind kind) external {
        uint256 order = _slotOf(device, kind).word;
        if (!_isOpenToDoubt(order)) revert OrderNotDisputable(device, kind, msg.sender);
        FORUM.nominate(_reference(order.idOf(device, kind)));
    }

    /// @inheritdoc IWorkOrders
    function inspect(uint32 device, FaultKind kind) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        _require(order.isIn(OrderState.Restored), device, kind, order);
        slot.word = order.withStage(OrderState.Disputed, block.timestamp);
        OrderId id = order.idOf(device, kind);
        bytes32 disputeId = FORUM.openInspection(_reference(id), REGISTER.partiesOf(device).owner);
        emit OrderDisputed(id, disputeId);
    }

    /// @inheritdoc IWorkOrders
    function rule(uint32 device, FaultKind kind) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        _require(order.isIn(OrderState.Disputed), device, kind, order);
        (bool decided, bool upheld) = FORUM.verdictOf(_disputeOf(order, device, kind));
        if (!decided) revert OrderUndecided(device, kind);
        RepairOutcome outcome = upheld ? RepairOutcome.Refuted : RepairOutcome.Repaired;
        order = _close(order, device, kind, _terms[order.crewOf()], outcome);
        slot.word = upheld ? _open(order, device, kind, order.crewOf()) : order;
    }

    /// @inheritdoc IWorkOrders
    function settle(uint32 device, FaultKind kind) external {
        OrderSlot storage slot = _slotOf(device, kind);
        uint256 order = slot.word;
        _require(order.isIn(OrderState.Restored), device, kind, order);
        uint256 terms = _terms[order.crewOf()];
        uint256 until = order.stageAtOf() + terms.confirmWindow();
        if (block.timestamp <= until && !_isConfirmed(order, device, kind)) revert OrderNotDue(device, kind, until);
        slot.word = _close(order, device, kind, terms, RepairOutcome.Repaired);
    }

    // internal

    function _slotOf(uint32 device, FaultKind kind) private view returns (OrderSlot storage) {
        return _orders[(uint256(device) << 8) | uint256(kind)];
    }

    function _mine(uint32 device, FaultKind kind) private view returns (OrderSlot storage slot, uint256 order) {
        slot = _slotOf(device, kind);
        order = slot.word;
        if (_seatOf(order.crewOf(), order.seatOf()).holder != msg.sender)
            revert OrderNotAssignee(device, kind, msg.sender);
    }

    function _require(bool condition, uint32 device, FaultKind kind, uint256 order) private pure {
        if (!condition) revert OrderWrongState(device, kind, order.stateOf());
    }

    /// @dev The order that follows `former`, whose money moves first where it has not.
    function _open(uint256 former, uint32 device, FaultKind kind, uint16 crew) private returns (uint256 order) {
        if (former.isIn(OrderState.Restored))
            former = _close(former, device, kind, _terms[former.crewOf()], RepairOutcome.Repaired);
        bool redo = former.isIn(OrderState.Closed) && _inWarranty(former) && former.crewOf() == crew;
        uint16 number = former.numberOf() + 1;
        (uint8 level, uint8 seat) = _assign(crew, device, uint8(kind), number, 0);
        order = OrderWords.fresh(crew, level, seat, number, block.timestamp, redo);
        emit OrderOpened(order.idOf(device, kind), device, crew, level, seat, redo);
    }

    function _resume(uint256 order, uint32 device, FaultKind kind, uint256 moment) private returns (uint256) {
        // Rounded down: part of a minute does not excuse lateness.
        unchecked {
            // No moment lies before the stage it ends.
            order = order.withHeld(order.heldOf() + (moment - order.stageAtOf()) / 60);
        }
        emit OrderResumed(order.idOf(device, kind), uint16(order.heldOf()));
        return order.withStage(OrderState.Working, moment);
    }

    function _fail(uint256 order, uint32 device, FaultKind kind, uint256 moment) private returns (uint256) {
        uint8 failures = order.failuresOf();
        if (failures != type(uint8).max) ++failures;
        emit FixFailed(order.idOf(device, kind), failures);
        return order.withFailures(failures).withStage(OrderState.Working, moment);
    }

    /// @dev One level up; the next one's time begins where the former's ended.
    function _raise(uint256 order, uint32 device, FaultKind kind, uint256 moment) private returns (uint256) {
        (uint8 level, uint8 seat) = (order.levelOf() + 1, order.seatOf());
        _unload(order.crewOf(), seat);
        OrderState state = order.stateOf();
        if (level < LAST_LEVEL) {
            seat =
                level == 2
                    ? LEAD
                    : level == 3
                        ? PRINCIPAL
                        : BACKUP;
            state = OrderState.Assigned;
        }
        emit OrderReassigned(order.idOf(device, kind), level, seat);
        return order.withSeat(level, seat).withStage(state, moment);
    }

    function _due(uint256 order, uint256 terms) private pure returns (uint256) {
        OrderState state = order.stateOf();
        uint256 stageAt = order.stageAtOf();
        if (state == OrderState.OnHold) {
            uint256 used = order.heldOf() * 60;
            return stageAt + (terms.holdMax() > used ? terms.holdMax() - used : 0);
        }
        if (state == OrderState.Verifying) return stageAt + terms.verifyWindow();
        if (order.levelOf() < LAST_LEVEL) {
            if (state == OrderState.Assigned) return stageAt + terms.response();
            if (state == OrderState.Accepted) return stageAt + terms.arrival();
            if (state == OrderState.OnSite || state == OrderState.Working) return stageAt + terms.restore();
        }
        return type(uint256).max;
    }

    /// @dev Restored, and the confirm window is open.
    function _isOpenToDoubt(uint256 order) private view returns (bool) {
        return
            order.isIn(OrderState.Restored) &&
            block.timestamp <= order.stageAtOf() + _terms[order.crewOf()].confirmWindow();
    }

    /// @dev Residents' word alone could be bought, so the lot must have passed the order by as well.
    function _isConfirmed(uint256 order, uint32 device, FaultKind kind) private view returns (bool) {
        (bool known, bool chosen) = FORUM.lotOf(_disputeOf(order, device, kind));
        return known && !chosen && FORUM.agreedAt(device, ResidentSubject.Fixed) > order.stageAtOf();
    }

    /// @dev Under which reference the forum knows a dispute about an order.
    function _reference(OrderId id) private pure returns (bytes32) {
        return bytes32(uint256(OrderId.unwrap(id)));
    }

    function _disputeOf(uint256 order, uint32 device, FaultKind kind) private view returns (bytes32) {
        return FORUM.disputeId(address(this), _reference(order.idOf(device, kind)));
    }

    function _inWarranty(uint256 order) private view returns (bool) {
        return block.timestamp <= order.endedAtOf() + _terms[order.crewOf()].warranty();
    }

    function _requireSound(
        uint256 order,
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun,
        uint256 afterAt
    ) private {
        CrewFigures storage figures = _figures[order.crewOf()];
        ReadingRun memory proof = REGISTER.submitRun(run);
        bool sound = proof.device == device && _isSound(proof, run.length, figures, afterAt);
        if (sound && proof.partner != 0) {
            ReadingRun memory second = REGISTER.submitRun(partnerRun);
            sound = second.device == proof.partner && _isSound(second, partnerRun.length, figures, afterAt);
        }
        if (!sound) revert OrderUnproven(device, kind);
    }

    function _isSound(
        ReadingRun memory proof,
        uint256 length,
        CrewFigures storage figures,
        uint256 afterAt
    ) private view returns (bool) {
        return
            proof.allInside &&
            length >= figures.verifyCount &&
            proof.firstAt > afterAt &&
            proof.lastAt - proof.firstAt >= figures.verifySpan;
    }

    /// @dev All that the money depends on stands in the two words: the same whenever it is called.
    function _close(
        uint256 order,
        uint32 device,
        FaultKind kind,
        uint256 terms,
        RepairOutcome outcome
    ) private returns (uint256) {
        OrderId id = order.idOf(device, kind);
        emit OrderClosed(id, outcome == RepairOutcome.Refuted);
        SERVICE.settle(id, order, terms, outcome);
        return order.withState(OrderState.Closed);
    }
}
