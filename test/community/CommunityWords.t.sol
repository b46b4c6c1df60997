// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Reading} from "../../contracts/community/interfaces/IEquipmentRegister.sol";
import {
    DeviceRecord,
    RepairFacts,
    RepairOutcome,
    ServiceTerms
} from "../../contracts/community/interfaces/IServiceContract.sol";
import {
    DeviceProfile,
    DeviceState,
    DeviceStatus,
    DeviceWords
} from "../../contracts/community/libraries/DeviceWords.sol";
import {EquipmentTypes} from "../../contracts/community/libraries/EquipmentTypes.sol";
import {Order, OrderState, OrderWords} from "../../contracts/community/libraries/OrderWords.sol";
import {RotaMath} from "../../contracts/community/libraries/RotaMath.sol";
import {SlaMath} from "../../contracts/community/libraries/SlaMath.sol";
import {CrewTerms, TermsWords} from "../../contracts/community/libraries/TermsWords.sol";
import {Test} from "../utils/Test.sol";

/// @notice The packed words and the pure functions of the community, fuzzed.
contract CommunityWordsTest is Test {
    using DeviceWords for DeviceState;
    using DeviceWords for DeviceProfile;
    using OrderWords for uint256;

    function testFuzz_deviceStateSurvivesPacking(
        address key,
        uint32 observedAt,
        uint32 counter,
        uint8 streak,
        uint16 outFor,
        uint8 status
    ) external pure {
        DeviceState memory state = DeviceState(
            key,
            observedAt,
            counter,
            streak,
            outFor,
            DeviceStatus(bound(status, 0, uint8(DeviceStatus.Retired)))
        );
        DeviceState memory back = DeviceWords.unpackState(state.pack());
        assertEq(abi.encode(back), abi.encode(state), "every field comes back");
    }

    function testFuzz_deviceProfileSurvivesPacking(DeviceProfile memory profile) external pure {
        assertEq(abi.encode(DeviceWords.unpackProfile(profile.pack())), abi.encode(profile), "every field comes back");
    }

    function testFuzz_crewTermsSurvivePacking(CrewTerms memory terms) external pure {
        uint256 word = TermsWords.pack(terms);
        assertEq(abi.encode(TermsWords.unpackTerms(word)), abi.encode(terms), "every field comes back");
        assertEq(TermsWords.response(word), terms.response, "response");
        assertEq(TermsWords.arrival(word), terms.arrival, "arrival");
        assertEq(TermsWords.restore(word), terms.restore, "restore");
        assertEq(TermsWords.holdMax(word), terms.holdMax, "holdMax");
        assertEq(TermsWords.verifyWindow(word), terms.verifyWindow, "verifyWindow");
        assertEq(TermsWords.confirmWindow(word), terms.confirmWindow, "confirmWindow");
        assertEq(TermsWords.warranty(word), terms.warranty, "warranty");
    }

    function testFuzz_readingDigestIsItsPlainTwin(bytes32 domain, uint256 packed, bytes32 firmware) external pure {
        Reading reading;
        // Whatever stands in the bits above the reading and below the firmware does not count.
        assembly {
            reading := packed
        }
        bytes8 short = bytes8(firmware);
        (uint32 device, uint32 counter, uint32 observedAt, int32 value) = DeviceWords.parts(
            Reading.wrap(uint128(packed))
        );
        bytes32 plain = EquipmentTypes.reading(device, counter, observedAt, value, short);
        assertEq(
            EquipmentTypes.readingDigest(domain, reading, short),
            MessageHashUtils.toTypedDataHash(domain, plain),
            "one digest"
        );
    }

    function testFuzz_deviceRecordSurvivesPacking(DeviceRecord memory record) external pure {
        assertEq(abi.encode(SlaMath.unpackRecord(SlaMath.pack(record))), abi.encode(record), "every field comes back");
    }

    function testFuzz_orderSettersTouchTheirFieldOnly(
        uint256 word,
        uint32 moment,
        uint8 seat,
        uint24 code
    ) external pure {
        word = (word << 4) >> 4;
        Order memory order = word.unpackOrder();
        assertEq(
            abi.encode(word.withState(OrderState.Closed).withState(order.state).unpackOrder()),
            abi.encode(order),
            "state"
        );
        Order memory changed = word.withStage(OrderState.Working, moment).unpackOrder();
        (order.state, order.stageAt) = (OrderState.Working, moment);
        assertEq(abi.encode(changed), abi.encode(order), "stage");
        order = word.unpackOrder();
        changed = word.withSeat(5, seat).unpackOrder();
        (order.level, order.seat) = (5, seat);
        assertEq(abi.encode(changed), abi.encode(order), "seat");
        order = word.unpackOrder();
        changed = word.withCode(code).withFailures(9).withHeld(77).unpackOrder();
        (order.code, order.failures, order.held) = (code, 9, 77);
        assertEq(abi.encode(changed), abi.encode(order), "code, failures, held");
        assertEq(word.withHeld(1 << 30).heldOf(), type(uint16).max, "held stops at its limit");
    }

    function testFuzz_orderStampsAreAtLeastOneAndKeepTheFirst(
        uint32 openedAt,
        uint32 first,
        uint32 second
    ) external pure {
        uint256 word = OrderWords.fresh(7, 1, 2, 3, openedAt, true);
        word = word.withAccepted(first).withAccepted(second).withArrived(first).withArrived(second).withRestored(first);
        Order memory order = word.unpackOrder();
        uint256 expected = first > openedAt ? first - openedAt : 1;
        if (expected > OrderWords.MAX_SPAN) expected = OrderWords.MAX_SPAN;
        assertEq(order.accepted, expected, "accepted");
        assertEq(order.arrived, expected, "arrived");
        assertEq(order.restored, expected, "restored");
        assertEq(order.openedAt, openedAt, "openedAt");
        assertTrue(order.redo && order.crew == 7 && order.seat == 2 && order.number == 3 && order.level == 1, "rest");
        assertEq(word.endedAtOf(), uint256(openedAt) + expected, "endedAt");
        assertTrue(word.wasOnSite(), "on site");
    }

    /// @notice assignment index always an available member or the next level.
    function testFuzz_08_rotaPicksTheLeastLoadedAvailableMember(
        uint16 available,
        uint128 loads,
        uint8 size_,
        uint256 first
    ) external pure {
        uint256 size = bound(size_, 1, RotaMath.LANES);
        first = bound(first, 0, size - 1);
        (bool found, uint8 seat) = RotaMath.pick(available, loads, size, first);
        uint256 inRange = available & ((1 << size) - 1);
        assertEq(found, inRange != 0, "found exactly when somebody is available");
        if (!found) return;
        assertTrue((inRange >> seat) & 1 == 1, "an available member");
        for (uint256 i = 0; i < size; ++i)
            if ((inRange >> i) & 1 == 1)
                assertLe((loads >> (uint256(seat) * 8)) & 0xff, (loads >> (i * 8)) & 0xff, "nobody available has less");
    }

    function testFuzz_rotaStartIsWithinTheCrew(
        uint32 device,
        uint8 kind,
        uint16 number,
        uint8 round,
        uint64 shift,
        uint8 size_
    ) external pure {
        uint256 size = bound(size_, 0, 16);
        uint256 start = RotaMath.start(device, kind, number, round, shift, size);
        assertTrue(size == 0 ? start == 0 : start < size, "a seat");
    }

    /// @notice penalty monotone in lateness.
    function testFuzz_06_penaltyIsMonotoneInLateness(
        ServiceTerms memory terms,
        uint32[3] memory late,
        uint8 outcome,
        bool redo,
        uint32 more,
        uint32 excess
    ) external pure {
        RepairFacts memory facts;
        facts.outcome = RepairOutcome(outcome % 3);
        facts.redo = redo;
        (facts.lateResponse, facts.lateArrival, facts.lateRestore) = (late[0], late[1], late[2]);
        uint256 penalty = SlaMath.penaltyOf(terms, facts, excess);
        assertLe(penalty, terms.penaltyCap, "never above the cap");
        assertGe(SlaMath.penaltyOf(terms, facts, uint256(excess) + more), penalty, "downtime");
        facts.lateResponse = _plus(late[0], more);
        assertGe(SlaMath.penaltyOf(terms, facts, excess), penalty, "response");
        (facts.lateResponse, facts.lateArrival) = (late[0], _plus(late[1], more));
        assertGe(SlaMath.penaltyOf(terms, facts, excess), penalty, "arrival");
        (facts.lateArrival, facts.lateRestore) = (late[1], _plus(late[2], more));
        assertGe(SlaMath.penaltyOf(terms, facts, excess), penalty, "restore");
    }

    function _plus(uint32 a, uint32 b) private pure returns (uint32) {
        return b > type(uint32).max - a ? type(uint32).max : a + b;
    }

    function testFuzz_waitingForPartsExcusesNoMoreThanAgreed(
        CrewTerms memory terms,
        uint32 restored,
        uint16 held
    ) external pure {
        restored = uint32(bound(restored, 1, OrderWords.MAX_SPAN));
        uint256 order = OrderWords.fresh(1, 1, 0, 1, 1_000, false).withHeld(held).withRestored(
            1_000 + uint256(restored)
        );
        RepairFacts memory facts = SlaMath.factsOf(order, TermsWords.pack(terms), RepairOutcome.Repaired);
        uint256 excused = uint256(held) * 60 < terms.holdMax ? uint256(held) * 60 : terms.holdMax;
        uint256 allowed = uint256(terms.response) + terms.arrival + terms.restore + excused;
        assertEq(facts.lateRestore, restored > allowed ? restored - allowed : 0, "late restoration");
        assertEq(facts.endedAt, 1_000 + uint256(restored), "end");
    }

    /// @notice downtime intervals of one device never overlap.
    function testFuzz_10_downtimeIsNeverCountedTwice(
        uint32[8] memory opened,
        uint24[8] memory length,
        uint32 coveredSince
    ) external pure {
        DeviceRecord memory record;
        record.coveredSince = uint32(bound(coveredSince, 1, 1 << 30));
        record.lastUp = record.coveredSince;
        uint256 last = record.coveredSince;
        for (uint256 i = 0; i < 8; ++i) {
            RepairFacts memory facts;
            facts.openedAt = uint32(bound(opened[i], 1, 1 << 31));
            facts.endedAt = facts.openedAt + length[i] + 1;
            if (facts.endedAt > last) last = facts.endedAt;
            SlaMath.count(record, facts, 9_900);
            assertLe(record.downSeconds, last - record.coveredSince, "no more downtime than time");
            assertEq(record.lastUp, last, "the end of all downtime so far");
            assertLe(record.chargedSeconds, record.downSeconds, "no second penalised twice");
        }
    }

    function testFuzz_debounceConfirmsByTimeOrCountOnly(
        uint16 holdOff,
        uint8 runLength,
        uint16 step,
        uint8 count_
    ) external pure {
        DeviceProfile memory profile;
        (profile.low, profile.high, profile.holdOff, profile.runLength) = (0, 10, holdOff, runLength);
        uint256 word = profile.pack();
        DeviceState memory state;
        state.status = DeviceStatus.Normal;
        uint256 packed = state.pack();
        uint256 count = bound(count_, 1, 20);
        for (uint256 i = 0; i < count; ++i) {
            packed = DeviceWords.advance(packed, word, uint32(i + 1), uint32(1_000 + i * step), 11);
            uint256 outFor = i * step > type(uint16).max ? type(uint16).max : i * step;
            bool confirmed = outFor >= holdOff || (runLength != 0 && i + 1 >= runLength);
            DeviceStatus expected = confirmed ? DeviceStatus.Faulty : DeviceStatus.Outside;
            assertEq(uint8(DeviceWords.statusOf(packed)), uint8(expected), "debounce");
        }
    }
}
