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
import {FaultKind, Order, OrderId, OrderState, OrderWords} from "../../contracts/community/libraries/OrderWords.sol";
import {RotaMath} from "../../contracts/community/libraries/RotaMath.sol";
import {SlaMath} from "../../contracts/community/libraries/SlaMath.sol";
import {CrewTerms, TermsWords} from "../../contracts/community/libraries/TermsWords.sol";
import {Test} from "../utils/Test.sol";

/// @notice The packed words and the pure functions of the community, fuzzed.
contract CommunityWordsTest is Test {
    using DeviceWords for DeviceState;
    using DeviceWords for DeviceProfile;
    using OrderWords for uint256;

    ServiceTerms private _terms;

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

    function testFuzz_deviceGettersReadTheirField(
        DeviceProfile memory profile,
        uint256 state,
        uint8 status_
    ) external pure {
        uint8 status = uint8(bound(status_, 0, uint8(DeviceStatus.Retired)));
        state = ((state >> 8) << 8) | status;
        DeviceState memory plain = DeviceWords.unpackState(state);
        assertEq(uint8(DeviceWords.statusOf(state)), status, "status");
        assertEq(DeviceWords.keyOf(state), plain.key, "key");
        assertEq(DeviceWords.observedAtOf(state), plain.observedAt, "observedAt");
        assertEq(DeviceWords.counterOf(state), plain.counter, "counter");
        bool serving = plain.status != DeviceStatus.None && plain.status != DeviceStatus.Retired;
        assertEq(DeviceWords.isInService(state), serving, "in service");
        uint256 word = profile.pack();
        assertEq(DeviceWords.crewOf(word), profile.crew, "crew");
        assertEq(DeviceWords.heartbeatGapOf(word), profile.heartbeatGap, "heartbeatGap");
        assertEq(bytes32(DeviceWords.firmwareOf(word)), bytes32(profile.firmware), "firmware");
        assertEq(DeviceWords.witnessOf(word), profile.critical ? profile.partner : 0, "witness");
        assertEq(DeviceWords.isP256(word), profile.p256, "curve");
    }

    function testFuzz_readingPartsAreWhatTheDeviceSaid(
        uint32 device,
        uint32 counter,
        uint32 observedAt,
        int32 value
    ) external pure {
        Reading reading = Reading.wrap(uint128(bytes16(abi.encodePacked(device, counter, observedAt, value))));
        (uint32 a, uint32 b, uint32 c, int32 d) = DeviceWords.parts(reading);
        assertEq(abi.encode(a, b, c, d), abi.encode(device, counter, observedAt, value), "parts");
        assertEq(DeviceWords.deviceOf(reading), device, "device");
    }

    function testFuzz_limitsHoldToTheUnit(uint256 low_, uint256 width_, uint256 band_) external pure {
        uint256 width = bound(width_, 0, 1_000_000_000);
        int32 low = int32(int256(bound(low_, 0, 3_000_000_000)) - 2_000_000_000);
        int32 high = low + int32(uint32(width));
        uint16 band = uint16(bound(band_, 0, width / 2 > type(uint16).max ? type(uint16).max : width / 2));
        int32 inner = int32(uint32(band));
        DeviceProfile memory profile;
        (profile.low, profile.high, profile.band) = (low, high, band);
        uint256 word = profile.pack();
        assertTrue(DeviceWords.isWithin(word, low) && DeviceWords.isWithin(word, high), "the limits are good");
        assertFalse(DeviceWords.isWithin(word, low - 1) || DeviceWords.isWithin(word, high + 1), "beyond them is bad");
        assertTrue(DeviceWords.isBack(word, low + inner) && DeviceWords.isBack(word, high - inner), "back by the band");
        assertFalse(
            DeviceWords.isBack(word, low + inner - 1) || DeviceWords.isBack(word, high - inner + 1),
            "not by less"
        );
    }

    /// @notice A3: out beyond the limits, back only by the band; what is counted stops at its limit and starts anew.
    function test_hysteresisAndCountersOfOneDevice() external pure {
        DeviceProfile memory profile;
        (profile.low, profile.high, profile.band, profile.holdOff) = (0, 100, 10, 60);
        uint256 word = profile.pack();
        uint256 start = DeviceState(address(0xBEEF), 900, 1, 0, 0, DeviceStatus.Offline).pack();
        DeviceState memory state = DeviceWords.unpackState(DeviceWords.advance(start, word, 2, 1_000, 100));
        assertEq(abi.encode(state), _state(1_000, 2, 0, 0, DeviceStatus.Normal), "heard again, and good");
        uint256 packed = DeviceWords.advance(start, word, 2, 1_000, 101);
        assertEq(_unpacked(packed), _state(1_000, 2, 1, 0, DeviceStatus.Outside), "outside from its first reading on");
        packed = DeviceWords.advance(packed, word, 3, 1_059, 95);
        assertEq(_unpacked(packed), _state(1_059, 3, 2, 59, DeviceStatus.Outside), "inside, but not by the band");
        assertEq(
            _unpacked(DeviceWords.advance(packed, word, 4, 1_060, 90)),
            _state(1_060, 4, 0, 0, DeviceStatus.Normal),
            "back by the band before the hold-off is over"
        );
        packed = DeviceWords.advance(packed, word, 4, 1_060, 91);
        assertEq(_unpacked(packed), _state(1_060, 4, 3, 60, DeviceStatus.Faulty), "the hold-off is over");
        packed = DeviceWords.advance(packed, word, 5, 66_596, 91);
        assertEq(
            _unpacked(packed),
            _state(66_596, 5, 4, type(uint16).max, DeviceStatus.Faulty),
            "time outside stops at its limit"
        );
        assertEq(
            uint8(DeviceWords.statusOf(DeviceWords.advance(packed, word, 6, 90_000, 90))),
            uint8(DeviceStatus.Normal),
            "repaired"
        );
        for (uint32 i = 6; i < 300; ++i) packed = DeviceWords.advance(packed, word, i, 70_000, -1);
        assertEq(
            _unpacked(packed),
            _state(70_000, 299, type(uint8).max, type(uint16).max, DeviceStatus.Faulty),
            "the streak stops at its limit"
        );
    }

    /// @notice A fault once confirmed stays one until the device is back, even when its limits are widened meanwhile.
    function test_aConfirmedFaultStaysOneUntilTheValueIsBack() external pure {
        DeviceProfile memory profile;
        (profile.low, profile.high, profile.holdOff, profile.runLength) = (0, 100, 3_600, 2);
        uint256 packed = DeviceState(address(0xBEEF), 900, 1, 0, 0, DeviceStatus.Normal).pack();
        packed = DeviceWords.advance(packed, profile.pack(), 2, 1_000, 101);
        packed = DeviceWords.advance(packed, profile.pack(), 3, 1_001, 101);
        assertEq(_unpacked(packed), _state(1_001, 3, 2, 1, DeviceStatus.Faulty), "two in a row");
        profile.runLength = 200;
        packed = DeviceWords.advance(packed, profile.pack(), 4, 1_002, 101);
        assertEq(_unpacked(packed), _state(1_002, 4, 3, 2, DeviceStatus.Faulty), "still the same fault");
    }

    function _unpacked(uint256 packed) private pure returns (bytes memory) {
        return abi.encode(DeviceWords.unpackState(packed));
    }

    function _state(
        uint32 observedAt,
        uint32 counter,
        uint8 streak,
        uint16 outFor,
        DeviceStatus status
    ) private pure returns (bytes memory) {
        return abi.encode(DeviceState(address(0xBEEF), observedAt, counter, streak, outFor, status));
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
        assertEq(word.withHeld(type(uint16).max).heldOf(), type(uint16).max, "its limit is held");
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
        assertEq(order.stageAt, openedAt, "the first stage begins with the order");
        assertTrue(order.state == OrderState.Assigned, "assigned");
        assertEq(order.held + order.failures + order.code, 0, "nothing else has happened");
        assertTrue(order.redo && order.crew == 7 && order.seat == 2 && order.number == 3 && order.level == 1, "rest");
        assertEq(word.endedAtOf(), uint256(openedAt) + expected, "endedAt");
        assertTrue(word.wasOnSite(), "on site");
    }

    /// @notice The layout of contracts/community/README.md, field by field from the lowest bit up.
    function testFuzz_orderFieldsStandWhereTheLayoutSays(uint256 word, uint32 device, uint8 kind_) external pure {
        word = ((word << 4) >> 4) | (bound(word >> 252, 0, uint8(OrderState.SelfCleared)) << 252);
        Order memory order = word.unpackOrder();
        assertEq(order.redo ? 1 : 0, word % 2, "redo");
        assertEq(order.code, _field(word, 12, 24), "code");
        assertEq(order.failures, _field(word, 36, 8), "failures");
        assertEq(order.held, _field(word, 44, 16), "held");
        assertEq(order.stageAt, _field(word, 60, 32), "stageAt");
        assertEq(order.restored, _field(word, 92, 28), "restored");
        assertEq(order.arrived, _field(word, 120, 28), "arrived");
        assertEq(order.accepted, _field(word, 148, 28), "accepted");
        assertEq(order.openedAt, _field(word, 176, 32), "openedAt");
        assertEq(order.number, _field(word, 208, 16), "number");
        assertEq(order.crew, _field(word, 224, 16), "crew");
        assertEq(order.seat, _field(word, 240, 8), "seat");
        assertEq(order.level, _field(word, 248, 4), "level");
        assertEq(uint8(order.state), _field(word, 252, 4), "state");
        FaultKind kind = FaultKind(bound(kind_, 0, uint8(FaultKind.Reported)));
        uint256 id = uint256(device) * 2 ** 24 + uint256(kind) * 2 ** 16 + order.number;
        assertEq(OrderId.unwrap(word.idOf(device, kind)), id, "identifier");
    }

    function testFuzz_orderGettersReadTheirField(uint256 word) external pure {
        word = ((word << 4) >> 4) | (bound(word >> 252, 0, uint8(OrderState.SelfCleared)) << 252);
        Order memory order = word.unpackOrder();
        assertEq(uint8(word.stateOf()), uint8(order.state), "state");
        for (uint8 state = 0; state <= uint8(OrderState.SelfCleared); ++state)
            assertEq(word.isIn(OrderState(state)), state == uint8(order.state), "is in");
        assertEq(word.levelOf(), order.level, "level");
        assertEq(word.seatOf(), order.seat, "seat");
        assertEq(word.crewOf(), order.crew, "crew");
        assertEq(word.numberOf(), order.number, "number");
        assertEq(word.openedAtOf(), order.openedAt, "openedAt");
        assertEq(word.stageAtOf(), order.stageAt, "stageAt");
        assertEq(word.heldOf(), order.held, "held");
        assertEq(word.failuresOf(), order.failures, "failures");
        assertEq(word.isRedo(), order.redo, "redo");
        assertEq(word.acceptedOf(), order.accepted, "accepted");
        assertEq(word.arrivedOf(), order.arrived, "arrived");
        assertEq(word.restoredOf(), order.restored, "restored");
        assertEq(word.endedAtOf(), uint256(order.openedAt) + order.restored, "endedAt");
        assertEq(word.wasOnSite(), order.arrived != 0, "on site");
    }

    /// @notice What goes on keeps another order of its kind from opening; what has ended or is restored does not.
    function test_01_liveAreTheStatesInWhichWorkOrJudgementGoesOn() external pure {
        bool[12] memory live = [false, true, true, true, true, true, true, true, false, true, false, false];
        for (uint256 state = 0; state < 12; ++state) {
            assertEq((state << 252).isLive(), live[state], "live");
            assertEq(((state << 252) | ((1 << 252) - 1)).isLive(), live[state], "whatever else the word says");
        }
    }

    /// @dev `width` bits from bit `from` on.
    function _field(uint256 word, uint256 from, uint256 width) private pure returns (uint256) {
        return (word / 2 ** from) % 2 ** width;
    }

    function test_orderSpansStopAtTheirLimit() external pure {
        uint256 word = OrderWords.fresh(1, 1, 0, 1, 1_000, false);
        assertEq(OrderWords.MAX_SPAN, 2 ** 28 - 1, "28 bits");
        assertEq(word.withRestored(999).restoredOf(), 1, "never nothing");
        assertEq(word.withRestored(1_000).restoredOf(), 1, "at once");
        assertEq(word.withRestored(1_001).restoredOf(), 1, "a second");
        assertEq(word.withRestored(1_002).restoredOf(), 2, "two seconds");
        assertEq(word.withRestored(1_000 + OrderWords.MAX_SPAN).restoredOf(), OrderWords.MAX_SPAN, "the longest");
        assertEq(word.withRestored(1_001 + OrderWords.MAX_SPAN).restoredOf(), OrderWords.MAX_SPAN, "no longer");
        assertFalse(word.isRedo(), "a first repair");
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
        uint256 place = (seat + size - first) % size;
        for (uint256 i = 0; i < size; ++i) {
            if ((inRange >> i) & 1 == 0) continue;
            (uint256 least, uint256 load) = ((loads >> (uint256(seat) * 8)) & 0xff, (loads >> (i * 8)) & 0xff);
            assertLe(least, load, "nobody available has less");
            if (load == least) assertLe(place, (i + size - first) % size, "the first of equals");
        }
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
        uint256 hash = uint256(keccak256(abi.encode(device, kind, number, round)));
        assertEq(start, size == 0 ? 0 : addmod(hash, shift, size), "by the order's hash, one on with each shift");
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

    /// @notice 09: a redo earns nothing; a call-out is paid only to who came; what was refuted earns nothing.
    function test_09_feesByOutcome() external {
        (_terms.fee, _terms.callOutFee) = (100, 10);
        uint96[12] memory fees = [uint96(100), 0, 100, 0, 0, 0, 10, 0, 0, 0, 0, 0];
        for (uint256 i = 0; i < 12; ++i) {
            RepairFacts memory facts;
            facts.outcome = RepairOutcome(i / 4);
            (facts.onSite, facts.redo) = ((i / 2) % 2 == 1, i % 2 == 1);
            assertEq(SlaMath.feeOf(_terms, facts), fees[i], "fee");
        }
    }

    function test_06_penaltyIsTheSumOfBegunMinutesUpToTheCap() external pure {
        assertEq(SlaMath.begunMinutes(0), 0, "nothing");
        assertEq(SlaMath.begunMinutes(1), 1, "a second is a minute");
        assertEq(SlaMath.begunMinutes(60), 1, "a minute");
        assertEq(SlaMath.begunMinutes(61), 2, "a minute and a second");
        ServiceTerms memory terms;
        (terms.responseRate, terms.arrivalRate, terms.restoreRate, terms.downtimeRate) = (2, 3, 5, 7);
        (terms.redoPenalty, terms.penaltyCap) = (1_000, 5_000);
        RepairFacts memory facts;
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 0, "punctual");
        (facts.lateResponse, facts.lateArrival, facts.lateRestore) = (61, 121, 181);
        assertEq(SlaMath.penaltyOf(terms, facts, 241), 2 * 2 + 3 * 3 + 4 * 5 + 5 * 7, "each at its rate");
        facts.redo = true;
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 1_033, "and a redo");
        facts.outcome = RepairOutcome.SelfCleared;
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 33, "a redo that nobody had to do");
        (facts.outcome, facts.redo) = (RepairOutcome.Refuted, false);
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 1_033, "refuted");
        (facts.lateResponse, facts.lateArrival, facts.lateRestore) = (0, 0, 48_000);
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 5_000, "just the cap");
        facts.lateRestore = 48_001;
        assertEq(SlaMath.penaltyOf(terms, facts, 0), 5_000, "never above it");
    }

    function test_punctualIsWhoWasLateNowhere() external pure {
        for (uint256 i = 0; i < 6; ++i) {
            RepairFacts memory facts;
            if (i == 1) facts.lateResponse = 1;
            if (i == 2) facts.lateArrival = 1;
            if (i == 3) facts.lateRestore = 1;
            if (i == 4) facts.redo = true;
            if (i == 5) facts.outcome = RepairOutcome.Refuted;
            assertEq(SlaMath.isPunctual(facts), i == 0, "punctual");
        }
    }

    function testFuzz_factsAreTheStampsAgainstTheTerms(
        CrewTerms memory terms,
        uint24[3] memory stamps,
        uint8 seat,
        bool redo
    ) external pure {
        uint256 ended = uint256(stamps[2]) + 1;
        uint256 order = OrderWords.fresh(1, 1, seat, 1, 1_000, redo).withRestored(1_000 + ended);
        if (stamps[0] % 4 != 0) order = order.withAccepted(1_000 + uint256(stamps[0]));
        if (stamps[1] % 4 != 0) order = order.withArrived(1_000 + uint256(stamps[1]));
        RepairFacts memory facts = SlaMath.factsOf(order, TermsWords.pack(terms), RepairOutcome.Refuted);
        assertEq(facts.lateResponse, _late(stamps[0], ended, terms.response), "response");
        assertEq(facts.lateArrival, _late(stamps[1], ended, uint256(terms.response) + terms.arrival), "arrival");
        assertEq(facts.onSite, stamps[1] % 4 != 0, "on site");
        assertEq(facts.backup, seat == 254, "backup");
        assertEq(facts.redo, redo, "redo");
        assertEq(facts.openedAt, 1_000, "opening");
        assertTrue(facts.outcome == RepairOutcome.Refuted, "outcome");
    }

    /// @dev What never happened, every fourth stamp here, is as late as the end.
    function _late(uint256 stamp, uint256 ended, uint256 allowed) private pure returns (uint256) {
        uint256 taken = stamp % 4 == 0 ? ended : stamp;
        return taken > allowed ? taken - allowed : 0;
    }

    /// @notice 10, to the second: what one record holds after repairs, overlaps, false alarms and redos.
    function test_10_recordsCountWhatHappened() external pure {
        DeviceRecord memory record;
        (record.coveredSince, record.lastUp) = (10_000, 10_000);
        assertEq(
            SlaMath.count(record, _repair(10_900, 11_000, RepairOutcome.Repaired, false), 9_000),
            0,
            "as promised"
        );
        assertEq(abi.encode(record), abi.encode(DeviceRecord(10_000, 11_000, 100, 100, 0, 1, 0, 0)), "a repair");
        // 250 seconds more, 50 of them counted before: 300 of 1,200 covered, 120 are allowed.
        assertEq(SlaMath.count(record, _repair(10_950, 11_200, RepairOutcome.Repaired, true), 9_000), 180, "beyond it");
        assertEq(abi.encode(record), abi.encode(DeviceRecord(10_000, 11_200, 300, 350, 180, 2, 0, 1)), "an overlap");
        assertEq(
            SlaMath.count(record, _repair(11_000, 11_200, RepairOutcome.SelfCleared, false), 9_000),
            0,
            "only once"
        );
        assertEq(abi.encode(record), abi.encode(DeviceRecord(10_000, 11_200, 300, 350, 180, 2, 1, 1)), "a false alarm");
        // 10 seconds more of 1,300: one second beyond what is allowed or was charged before.
        record.chargedSeconds = 179;
        assertEq(SlaMath.count(record, _repair(11_290, 11_300, RepairOutcome.Refuted, false), 9_000), 1, "one second");
        assertEq(abi.encode(record), abi.encode(DeviceRecord(10_000, 11_300, 310, 350, 180, 2, 1, 1)), "a refuted one");
    }

    function _repair(
        uint32 openedAt,
        uint32 endedAt,
        RepairOutcome outcome,
        bool redo
    ) private pure returns (RepairFacts memory facts) {
        (facts.openedAt, facts.endedAt, facts.outcome, facts.redo) = (openedAt, endedAt, outcome, redo);
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
