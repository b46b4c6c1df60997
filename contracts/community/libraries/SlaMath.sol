// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DeviceRecord, RepairFacts, RepairOutcome, ServiceTerms} from "../interfaces/IServiceContract.sol";
import {OrderWords} from "./OrderWords.sol";
import {TermsWords} from "./TermsWords.sol";

/// @title SlaMath
/// @notice Fees, penalties and running sums: pure functions of stored timestamps.
library SlaMath {
    using OrderWords for uint256;
    using TermsWords for uint256;

    /// @dev Seat of the backup contractor in a crew.
    uint8 internal constant BACKUP = 254;

    /// @notice What an order's stored timestamps say against the crew's terms: the same whenever it is asked.
    function factsOf(
        uint256 order,
        uint256 terms,
        RepairOutcome outcome
    ) internal pure returns (RepairFacts memory facts) {
        facts.outcome = outcome;
        facts.redo = order.isRedo();
        facts.backup = order.seatOf() == BACKUP;
        facts.onSite = order.wasOnSite();
        facts.openedAt = uint32(order.openedAtOf());
        facts.endedAt = uint32(order.endedAtOf());
        uint256 allowed = terms.response();
        facts.lateResponse = _late(order, order.acceptedOf(), allowed);
        allowed += terms.arrival();
        facts.lateArrival = _late(order, order.arrivedOf(), allowed);
        // Waiting for parts excuses as much as was agreed, whenever the wait was ended.
        uint256 held = order.heldOf() * 60;
        allowed += terms.restore() + (held < terms.holdMax() ? held : terms.holdMax());
        facts.lateRestore = _late(order, order.restoredOf(), allowed);
    }

    /// @dev What never happened is as late as the end.
    function _late(uint256 order, uint256 taken, uint256 allowed) private pure returns (uint32) {
        if (taken == 0) taken = order.restoredOf();
        return taken > allowed ? uint32(taken - allowed) : 0;
    }

    /// @notice Begun minutes: rounded up, against who is late.
    function begunMinutes(uint256 sec) internal pure returns (uint256) {
        return (sec + 59) / 60;
    }

    /// @notice Whether anything but downtime could cost the contractor something.
    function isPunctual(RepairFacts memory facts) internal pure returns (bool) {
        return
            facts.lateResponse == 0 &&
            facts.lateArrival == 0 &&
            facts.lateRestore == 0 &&
            !facts.redo &&
            facts.outcome != RepairOutcome.Refuted;
    }

    /// @notice What the repair earns: the fee when proven and no redo, the call-out fee when it cleared itself on arrival.
    function feeOf(ServiceTerms storage terms, RepairFacts memory facts) internal view returns (uint256) {
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

    /// @notice The one slot of a record.
    /// @dev | coveredSince 32 | lastUp 32 | downSeconds 40 | repairSeconds 40 | chargedSeconds 40 | repairs 24
    ///      | falseAlarms 24 | redos 24 |  (most significant first)
    function pack(DeviceRecord memory record) internal pure returns (uint256 word) {
        word = (uint256(record.coveredSince) << 224) | (uint256(record.lastUp) << 192);
        word |= (uint256(record.downSeconds) << 152) | (uint256(record.repairSeconds) << 112);
        word |= (uint256(record.chargedSeconds) << 72) | (uint256(record.repairs) << 48);
        word |= (uint256(record.falseAlarms) << 24) | record.redos;
    }

    function unpackRecord(uint256 word) internal pure returns (DeviceRecord memory record) {
        record.coveredSince = uint32(word >> 224);
        record.lastUp = uint32(word >> 192);
        record.downSeconds = uint40(word >> 152);
        record.repairSeconds = uint40(word >> 112);
        record.chargedSeconds = uint40(word >> 72);
        record.repairs = uint24(word >> 48);
        record.falseAlarms = uint24(word >> 24);
        record.redos = uint24(word);
    }

    /// @notice Adds one ended repair to the running sums, in place; downtime that was already counted is not counted again.
    /// @return excessDown Seconds of downtime beyond the promised availability, not penalised before.
    function count(
        DeviceRecord memory record,
        RepairFacts memory facts,
        uint256 availabilityBp
    ) internal pure returns (uint256 excessDown) {
        // 40 bits of seconds last 34,000 years, 24 bits of orders one a minute for 31; an end never lies before its
        // opening, nor `lastUp` before `coveredSince`; availability is at most 10,000.
        unchecked {
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
}
