// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FaultKind, Order, OrderId, OrderState} from "../libraries/OrderWords.sol";
import {SignedReading} from "./IEquipmentRegister.sol";

/// @title IWorkOrders
/// @notice The state machine of a repair. Nobody dispatches: readings open and close, the rota names, the clock escalates.
interface IWorkOrders {
    event OrderOpened(
        OrderId indexed order,
        uint32 indexed device,
        uint16 indexed crew,
        uint8 level,
        uint8 seat,
        bool redo
    );
    event OrderAccepted(OrderId indexed order);
    event OrderDeclined(OrderId indexed order, uint8 seat);
    event OrderReassigned(OrderId indexed order, uint8 level, uint8 seat);
    event OrderArrived(OrderId indexed order);
    event OrderStarted(OrderId indexed order);
    event OrderHeld(OrderId indexed order);
    event OrderResumed(OrderId indexed order, uint16 heldMinutes);
    event FixClaimed(OrderId indexed order, uint24 code, bytes32 evidenceRoot);
    event FixFailed(OrderId indexed order, uint8 failures);
    event OrderRestored(OrderId indexed order, uint32 restoredAt);
    event OrderSelfCleared(OrderId indexed order, bool onSite);
    event OrderDisputed(OrderId indexed order, bytes32 disputeId);
    event OrderClosed(OrderId indexed order, bool refuted);

    /// @notice The order is not in a state that allows this step.
    /// @dev Read the order; the state machine is drawn in contracts/community/README.md.
    error OrderWrongState(uint32 device, FaultKind kind, OrderState state);
    /// @notice Somebody else holds the seat this order is assigned to.
    /// @dev Look up the order's seat; each client can recompute it from the rota.
    error OrderNotAssignee(uint32 device, FaultKind kind, address caller);
    /// @notice There is no fault to open an order for, or the evidence is older than the last repair.
    /// @dev Bring a signed reading that confirms the fault, mark the device offline, or collect residents' reports.
    error OrderWithoutFault(uint32 device, FaultKind kind);
    /// @notice The device has no crew.
    /// @dev Adjust the device's profile so that it names a crew.
    error OrderWithoutCrew(uint32 device);
    /// @notice The readings do not prove what was claimed.
    /// @dev Needed: enough consecutive signed readings dated after the claim, all inside by the band, spanning long enough,
    /// of the device and, for critical ones, of its partner too. For a failed fix: one reading outside after the claim.
    error OrderUnproven(uint32 device, FaultKind kind);
    /// @notice No deadline has passed, or the order is at the last level.
    /// @dev Try again after the time given.
    error OrderNotDue(uint32 device, FaultKind kind, uint256 dueAt);
    /// @notice Only a resident may dispute; disputes and nominations need an open confirm window.
    /// @dev Enrol as a resident; dispute or nominate before the window closes.
    error OrderNotDisputable(uint32 device, FaultKind kind, address caller);
    /// @notice The panel has not decided yet.
    /// @dev Wait for the vote or its deadline.
    error OrderUndecided(uint32 device, FaultKind kind);
    /// @notice Residents' reports are not cleared by sensors that do not see the fault.
    /// @dev Repair it and claim the fix.
    error OrderNotClearable(uint32 device, FaultKind kind);

    /// @notice The present or last order of a device and kind.
    function orderOf(uint32 device, FaultKind kind) external view returns (Order memory);

    /// @notice When the present stage is over, unix seconds; the end of time when it has no end.
    function dueAt(uint32 device, FaultKind kind) external view returns (uint256);

    /// @notice Whether the warranty of a closed order is over too.
    function isFinal(uint32 device, FaultKind kind) external view returns (bool);

    /// @notice Brings a reading and opens an order when it confirms a fault; anyone.
    function report(SignedReading calldata signed) external;

    /// @notice Opens an order for a fault that is already known: confirmed readings, silence, residents' reports; anyone.
    function open(uint32 device, FaultKind kind) external;

    /// @notice Accepts; the assignee.
    function acceptWork(uint32 device, FaultKind kind) external;

    /// @notice Declines, at the cost of a rota point; the member on duty.
    function decline(uint32 device, FaultKind kind) external;

    /// @notice Is on site (who was only assigned accepts by that); the assignee.
    function arriveAtSite(uint32 device, FaultKind kind) external;

    /// @notice Starts work; the assignee.
    function beginRepair(uint32 device, FaultKind kind) external;

    /// @notice Waits for parts; the assignee. Once the time for it is used up, anyone ends the wait with `escalate`.
    function hold(uint32 device, FaultKind kind) external;

    /// @notice Goes on; the assignee.
    function continueWork(uint32 device, FaultKind kind) external;

    /// @notice Claims that it is repaired; the assignee, who holds a technician's credential at this moment.
    /// @param code Failure class, mode and cause, one byte each.
    /// @param evidenceRoot Root over photographs, parts and notes, kept off chain.
    function claimRepaired(uint32 device, FaultKind kind, uint24 code, bytes32 evidenceRoot) external;

    /// @notice Proves the repair by the device's own readings; anyone.
    function proveRepair(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external;

    /// @notice Refutes a claimed repair by a reading outside the limits; anyone.
    function disprove(uint32 device, FaultKind kind, SignedReading[] calldata run) external;

    /// @notice Ends an order whose fault went away before work began; anyone, by the device's own readings.
    function selfClear(
        uint32 device,
        FaultKind kind,
        SignedReading[] calldata run,
        SignedReading[] calldata partnerRun
    ) external;

    /// @notice Does what the clock says: all stages and levels whose time is over; anyone.
    function escalate(uint32 device, FaultKind kind) external;

    /// @notice Disputes a repair with a bond; a resident.
    function dispute(uint32 device, FaultKind kind) external payable;

    /// @notice Lets the lot decide whether a restored order is inspected; anyone, once, while the confirm window is open.
    function nominate(uint32 device, FaultKind kind) external;

    /// @notice Hands a restored order that the lot chose to a panel of residents, without a bond; anyone.
    function inspect(uint32 device, FaultKind kind) external;

    /// @notice Carries out the panel's verdict; anyone.
    function rule(uint32 device, FaultKind kind) external;

    /// @notice Closes a restored order and moves the money; anyone. After the confirm window, or as soon as residents
    /// confirm and the lot has passed the order by.
    function settle(uint32 device, FaultKind kind) external;
}
