// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DeviceRecord, RepairFacts, RepairOutcome, ServiceTerms} from "../interfaces/IServiceContract.sol";
import {Order, OrderWords} from "./OrderWords.sol";
import {TermsWords} from "./TermsWords.sol";

/// @title SlaMath
/// @notice Fees, penalties and running sums: pure functions of stored timestamps.
library SlaMath {
    using TermsWords for uint256;

    /// @dev Seat of the backup contractor in a crew.
    uint8 internal constant BACKUP = 254;

    /// @notice What an order's stored timestamps say against the crew's terms: the same whenever it is asked.
    function factsOf(
        uint32 device,
        uint8 kind,
        uint256 orderWord,
        uint256 terms,
        RepairOutcome outcome
    ) internal pure returns (RepairFacts memory facts) {
        Order memory order = OrderWords.unpackOrder(orderWord);
        facts.crew = order.crew;
        facts.device = device;
        facts.kind = kind;
        facts.number = order.number;
        facts.outcome = outcome;
        facts.redo = order.redo;
        facts.backup = order.seat == BACKUP;
        facts.onSite = order.arrived != 0;
        facts.openedAt = order.openedAt;
        facts.endedAt = order.openedAt + order.restored;
        // What never happened is as late as the end.
        uint256 allowed = terms.response();
        facts.lateResponse = _late(order.accepted == 0 ? order.restored : order.accepted, allowed);
        allowed += terms.arrival();
        facts.lateArrival = _late(order.arrived == 0 ? order.restored : order.arrived, allowed);
        allowed += terms.restore() + uint256(order.held) * 60;
        facts.lateRestore = _late(order.restored, allowed);
    }

    function _late(uint32 taken, uint256 allowed) private pure returns (uint32) {
        return taken > allowed ? uint32(taken - allowed) : 0;
    }

    /// @notice Begun minutes: rounded up, against who is late.
    function begunMinutes(uint256 sec) internal pure returns (uint256) {
        return (sec + 59) / 60;
    }

    /// @notice What the repair earns: the fee when proven and no redo, the call-out fee when it cleared itself on arrival.
    function feeOf(ServiceTerms memory terms, RepairFacts memory facts) internal pure returns (uint256) {
        if (facts.outcome == RepairOutcome.Repaired) return facts.redo ? 0 : terms.fee;
        if (facts.outcome == RepairOutcome.SelfCleared && facts.onSite && !facts.redo) return terms.callOutFee;
        return 0;
    }

    /// @notice What the repair costs the contractor: lateness, redo and downtime beyond the promise, at most the cap.
    function penaltyOf(
        ServiceTerms memory terms,
        RepairFacts memory facts,
        uint256 excessDown
    ) internal pure returns (uint256 penalty) {
        penalty = begunMinutes(facts.lateResponse) * terms.responseRate;
        penalty += begunMinutes(facts.lateArrival) * terms.arrivalRate;
        penalty += begunMinutes(facts.lateRestore) * terms.restoreRate;
        penalty += begunMinutes(excessDown) * terms.downtimeRate;
        if (facts.outcome == RepairOutcome.Refuted || (facts.redo && facts.outcome == RepairOutcome.Repaired))
            penalty += terms.redoPenalty;
        if (penalty > terms.penaltyCap) penalty = terms.penaltyCap;
    }

    /// @notice Adds one ended repair to the running sums, in place; downtime that was already counted is not counted again.
    /// @return excessDown Seconds of downtime beyond the promised availability, not penalised before.
    function count(
        DeviceRecord memory record,
        RepairFacts memory facts,
        uint256 availabilityBp
    ) internal pure returns (uint256 excessDown) {
        uint256 from = facts.openedAt > record.lastUp ? facts.openedAt : record.lastUp;
        if (facts.endedAt > from) {
            record.downSeconds += uint40(facts.endedAt - from);
            record.lastUp = facts.endedAt;
        }
        if (facts.outcome == RepairOutcome.SelfCleared) {
            ++record.falseAlarms;
        } else if (facts.outcome == RepairOutcome.Repaired) {
            ++record.repairs;
            record.repairSeconds += facts.endedAt - facts.openedAt;
        }
        if (facts.redo) ++record.redos;
        uint256 covered = record.lastUp - record.coveredSince;
        uint256 allowed = (covered * (10_000 - availabilityBp)) / 10_000 + record.chargedSeconds;
        if (record.downSeconds > allowed) {
            excessDown = record.downSeconds - allowed;
            record.chargedSeconds += uint40(excessDown);
        }
    }
}
