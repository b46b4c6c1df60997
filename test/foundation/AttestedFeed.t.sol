// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {AttestedFeed} from "../../contracts/foundation/AttestedFeed.sol";
import {SensorFeeds} from "../../contracts/foundation/SensorFeeds.sol";
import {ShareVerifier} from "../../contracts/foundation/ShareVerifier.sol";
import {
    CommitteeConfig,
    CommitteeKey,
    CommitteeMember,
    CommitteeTerms,
    SchnorrSignature
} from "../../contracts/foundation/interfaces/IAttestedFeed.sol";
import {FeedId, FeedRound} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {ISensorFeeds, SensorKey} from "../../contracts/foundation/interfaces/ISensorFeeds.sol";
import {AttestationMessage, CommitteeReports} from "../../contracts/foundation/libraries/CommitteeReports.sol";
import {CurvePoints, Jacobian} from "../../contracts/foundation/libraries/CurvePoints.sol";
import {FeedRounds} from "../../contracts/foundation/libraries/FeedRounds.sol";
import {SchnorrSignatures} from "../../contracts/foundation/libraries/SchnorrSignatures.sol";
import {SensorKit} from "./SensorFeeds.t.sol";

/// @notice Members with known keys, and what they sign alone and together.
abstract contract CommitteeKit is SensorKit {
    uint256 internal constant ORDER = ShareVerifier.ORDER;
    uint256 internal constant PRIME = ShareVerifier.PRIME;
    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    function memberSecret(uint256 member) internal pure returns (uint256) {
        return 0xC0FFEE + member;
    }

    /// @dev `scalar`·G by doubling and adding; (0, 0) for a multiple of the order.
    function multiple(uint256 scalar) internal view returns (uint256 x, uint256 y) {
        Jacobian memory sum;
        for (uint256 bit = 1 << 255; bit != 0; bit >>= 1) {
            if (sum.z != 0) CurvePoints.double(sum);
            if (scalar & bit != 0) CurvePoints.add(sum, GX, GY);
        }
        return CurvePoints.toAffine(sum);
    }

    function memberKey(uint256 member) internal view returns (CommitteeKey memory key) {
        (key.x, key.y) = multiple(memberSecret(member));
    }

    /// @dev A Schnorr signature under the key of `secret`.
    function schnorr(uint256 secret, bytes32 digest, uint256 k) internal view returns (address nonce, uint256 s) {
        CommitteeKey memory key;
        (key.x, key.y) = multiple(secret);
        return schnorrOf(key, secret, digest, k);
    }

    /// @dev As `schnorr`, where the key of `secret` is known.
    function schnorrOf(
        CommitteeKey memory key,
        uint256 secret,
        bytes32 digest,
        uint256 k
    ) internal pure returns (address nonce, uint256 s) {
        nonce = vm.addr(k);
        uint256 e = uint256(keccak256(abi.encodePacked(key.x, uint8(27 + (key.y & 1)), digest, nonce))) % ORDER;
        s = addmod(k, mulmod(e, secret, ORDER), ORDER);
    }
}

contract CommitteeLibrariesTest is CommitteeKit {
    // Adding points is adding scalars: against the precompile, which knows the address of any multiple of G.
    function testFuzz_sumsOfPointsAreMultiplesOfSums(uint256 a, uint256 b, uint8 shape) external view {
        a = bound(a, 1, ORDER - 1);
        b =
            shape % 4 == 0
                ? a
                : shape % 4 == 1
                    ? ORDER - a
                    : bound(b, 1, ORDER - 1);
        (uint256 x, uint256 y) = multiple(a);
        assertEq(CurveKit.account(x, y), vm.addr(a), "multiple");
        Jacobian memory sum;
        CurvePoints.add(sum, x, y);
        CurvePoints.double(sum);
        CurvePoints.subtract(sum, x, y);
        (uint256 bx, uint256 by) = multiple(b);
        CurvePoints.add(sum, bx, by);
        uint256 total = addmod(a, b, ORDER);
        (x, y) = CurvePoints.toAffine(sum);
        if (total == 0) assertTrue(x == 0 && y == 0 && sum.z == 0, "infinity");
        else assertEq(CurveKit.account(x, y), vm.addr(total), "sum");
    }

    function testFuzz_anInverseOfAnotherNumberGivesNoPoint(uint256 a, uint256 inverse) external view {
        (uint256 x, uint256 y) = multiple(bound(a, 1, ORDER - 1));
        Jacobian memory point = Jacobian(x, y, 1);
        CurvePoints.double(point);
        (uint256 realX, uint256 realY) = CurvePoints.toAffine(point);
        (uint256 hintedX, uint256 hintedY) = CurvePoints.toAffine(point, inverse);
        bool right = mulmod(inverse, point.z, PRIME) == 1;
        assertEq(hintedX, right ? realX : 0, "x");
        assertEq(hintedY, right ? realY : 0, "y");
        (hintedX, ) = CurvePoints.toAffine(Jacobian(1, 1, 0), inverse);
        assertEq(hintedX, 0, "infinity has no inverse");
    }

    function testFuzz_aSignatureIsOneKeysOverOneDigest(
        uint256 secret,
        uint256 k,
        bytes32 digest,
        bytes32 other,
        uint256 wrong
    ) external view {
        secret = bound(secret, 1, ORDER - 1);
        (address nonce, uint256 s) = schnorr(secret, digest, bound(k, 1, ORDER - 1));
        (uint256 x, uint256 y) = multiple(secret);
        assertEq(SchnorrSignatures.verify(x, y, digest, nonce, s), s != 0, "signed");
        if (digest != other) assertFalse(SchnorrSignatures.verify(x, y, other, nonce, s), "digest");
        if (wrong != s) assertFalse(SchnorrSignatures.verify(x, y, digest, nonce, wrong), "s");
        assertFalse(SchnorrSignatures.verify(x, PRIME - y, digest, nonce, s), "the opposite key");
        assertFalse(SchnorrSignatures.verify(x, y, digest, address(0), s), "no nonce");
        assertFalse(SchnorrSignatures.verify(0, y, digest, nonce, s), "no key");
        assertFalse(SchnorrSignatures.verify(ORDER, y, digest, nonce, s), "a key that cannot be expressed");
    }

    // With k = 0 the point R is infinity, whose address `ecrecover` gives as zero, as if it could not answer.
    function testFuzz_aNonceOfNothingSignsNothing(uint256 secret, bytes32 digest) external view {
        secret = bound(secret, 1, ORDER - 1);
        (uint256 x, uint256 y) = multiple(secret);
        uint256 e = uint256(keccak256(abi.encodePacked(x, uint8(27 + (y & 1)), digest, address(0)))) % ORDER;
        assertFalse(SchnorrSignatures.verify(x, y, digest, address(0), mulmod(e, secret, ORDER)), "no nonce");
    }

    // The assembly and the plain twin.
    function testFuzz_digestInPlaceIsTheDigest(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch,
        bytes32 separator
    ) external pure {
        AttestationMessage memory message = AttestationMessage(
            CommitteeReports.ATTESTATION_TYPEHASH,
            feed,
            round,
            observedAt,
            value,
            epoch
        );
        bytes32 plain = CommitteeReports.digest(message, separator);
        assertEq(CommitteeReports.digestInPlace(message, separator), plain, "digest");
        assertEq(CommitteeReports.digestInPlace(message, separator), plain, "leaves the message as it is");
    }

    function testFuzz_headOfReadsWhatWasPacked(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        bytes calldata rest
    ) external view {
        bytes memory report = bytes.concat(abi.encodePacked(round, observedAt, value, uint8(0)), rest);
        AttestationMessage memory message = this.headOf(feed, report);
        assertEq(
            abi.encode(message),
            abi.encode(CommitteeReports.ATTESTATION_TYPEHASH, feed, round, observedAt, value, uint16(0)),
            "head"
        );
    }

    function headOf(FeedId feed, bytes calldata report) external pure returns (AttestationMessage memory) {
        return CommitteeReports.headOf(feed, report);
    }
}

library CurveKit {
    function account(uint256 x, uint256 y) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(x, y)))));
    }
}

/// @notice Drives one committee lane as members, administrators, liars and challengers would, and keeps its own books.
contract AttestedFeedHandler is CommitteeKit {
    uint256 private constant POOL = 6;
    uint96 private constant BOND = 1 ether;
    uint128 private constant TOLERANCE = 10;

    AttestedFeed public immutable FEED_CONTRACT;
    SensorFeeds public immutable SENSORS;
    FeedId public immutable FEED;

    FeedRound public ghostLatest;
    uint256 public ghostBadAccepted;
    uint256 public ghostGoodRefused;
    uint256 public ghostReports;
    uint256 public ghostSlashings;
    uint256 public ghostWronglySlashed;
    uint256 public ghostBurnt;
    uint256 public ghostEarly;
    bool[POOL] public ghostBarred;
    uint256[] private _members;
    uint8 public ghostQuorum;
    uint256[] private _next;
    uint8 private _nextQuorum;
    uint256 private _nextAt;
    CommitteeKey[POOL] private _keys;
    uint256 private _nonce = 1;

    constructor(AttestedFeed target, SensorFeeds sensors, FeedId feed) {
        FEED_CONTRACT = target;
        SENSORS = sensors;
        FEED = feed;
        for (uint256 i = 0; i < POOL; ++i) _keys[i] = memberKey(i);
    }

    function latest() external view returns (FeedRound memory) {
        return ghostLatest;
    }

    function members() external view returns (uint256[] memory) {
        return _members;
    }

    function keyOfMember(uint256 member) external view returns (CommitteeKey memory) {
        return _keys[member];
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + bound(time, 1, 12 hours));
    }

    function enrol(uint8 which) public {
        uint256 member = which % POOL;
        address account = CurveKit.account(_keys[member].x, _keys[member].y);
        if (FEED_CONTRACT.memberOf(FEED, account).operator != address(0)) return;
        bytes32 digest = FEED_CONTRACT.hashPossession(FEED, _keys[member], address(this));
        (address nonce, uint256 s) = schnorr(memberSecret(member), digest, ++_nonce);
        vm.deal(address(this), BOND);
        try FEED_CONTRACT.enrol{value: BOND}(FEED, _keys[member], SchnorrSignature(nonce, s)) {
            if (ghostBarred[member]) ++ghostBadAccepted;
        } catch {
            if (!ghostBarred[member]) ++ghostGoodRefused;
        }
    }

    function schedule(uint8 size, uint8 first, uint8 quorum) external {
        uint256 n = bound(size, 2, 4);
        CommitteeKey[] memory keys = new CommitteeKey[](n);
        uint256[] memory chosen = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            chosen[i] = (first + i) % POOL;
            keys[i] = _keys[chosen[i]];
        }
        uint8 m = uint8(bound(quorum, 1, n));
        bool initial = FEED_CONTRACT.configOf(FEED).epoch == 0;
        try FEED_CONTRACT.scheduleCommittee(FEED, keys, m) {
            (_next, _nextQuorum) = (chosen, m);
            _nextAt = block.timestamp + (initial ? 0 : DELAY);
        } catch {}
    }

    function activate() external {
        try FEED_CONTRACT.activateCommittee(FEED) {
            if (_nextAt == 0 || block.timestamp < _nextAt) ++ghostEarly;
            (_members, ghostQuorum, _nextAt) = (_next, _nextQuorum, 0);
        } catch {
            if (_nextAt != 0 && block.timestamp >= _nextAt) ++ghostGoodRefused;
        }
    }

    function leave(uint8 which) external {
        uint256 member = which % POOL;
        address account = CurveKit.account(_keys[member].x, _keys[member].y);
        try FEED_CONTRACT.leave(FEED, account) {
            for (uint256 i = 0; i < _members.length; ++i) {
                if (_members[i] == member && !ghostBarred[member]) ++ghostBadAccepted;
            }
        } catch {}
        try FEED_CONTRACT.releaseBond(FEED, account) {} catch {}
    }

    function withdraw() external {
        try FEED_CONTRACT.withdraw() {} catch {}
    }

    receive() external payable {}

    /// @dev An attestation of some of the members; sometimes too few, stale or forged.
    function report(uint8 mask, uint32 ahead, int128 value, uint8 trick) external {
        value = int128(int256(bound(uint256(int256(value)), 0, 6000)));
        uint32 round = ghostLatest.round + uint32(bound(ahead, 0, 3));
        (bytes memory packed, , uint256 count) = attestation(mask, round, value, trick % 8 == 0);
        bool good = round > ghostLatest.round && count >= ghostQuorum && ghostQuorum != 0 && trick % 8 != 0;
        try FEED_CONTRACT.submit(FEED, packed) {
            if (!good) ++ghostBadAccepted;
            ++ghostReports;
            ghostLatest = FeedRound(
                value,
                uint40(block.timestamp),
                uint40(block.timestamp),
                round,
                value > 5000 ? 1 : 0
            );
        } catch {
            if (good) ++ghostGoodRefused;
        }
    }

    /// @dev Some members sign a value, and devices measure another, or the same.
    function accuse(uint8 mask, int128 value, int128 truth, uint8 ahead, bool withinTolerance) external {
        value = int128(int256(bound(uint256(int256(value)), 0, 6000)));
        truth = int128(int256(bound(uint256(int256(truth)), 0, 6000)));
        if (withinTolerance) truth = value + int128(int256(uint256(ahead % 11)));
        uint32 round = ghostLatest.round + (ahead % 3);
        if (round == 0) return;
        (bytes memory packed, uint256 signers, uint256 count) = attestation(mask, round, value, false);
        bool just = apart(value, truth) && count >= ghostQuorum && ghostQuorum != 0;
        uint256 credit = FEED_CONTRACT.creditOf(address(this));
        if (prove(packed, deviceReport(round, truth))) {
            if (!just) ++ghostWronglySlashed;
            ++ghostSlashings;
            punish(signers, credit);
            correct(round, truth);
        } else if (just) {
            ++ghostGoodRefused;
        }
    }

    function apart(int128 a, int128 b) private pure returns (bool) {
        return (a > b ? a - b : b - a) > int128(TOLERANCE);
    }

    function prove(bytes memory packed, bytes memory readings) private returns (bool) {
        try FEED_CONTRACT.proveContradiction(FEED, FEED_CONTRACT.configOf(FEED).version, packed, readings) {
            return true;
        } catch {
            return false;
        }
    }

    function punish(uint256 signers, uint256 credit) private {
        uint256 slashed = 0;
        for (uint256 i = 0; i < _members.length; ++i) {
            if (signers & (1 << i) == 0 || ghostBarred[_members[i]]) continue;
            ghostBarred[_members[i]] = true;
            slashed += BOND;
        }
        ghostBurnt += slashed - slashed / 2;
        if (FEED_CONTRACT.creditOf(address(this)) != credit + slashed / 2) ++ghostWronglySlashed;
    }

    function correct(uint32 round, int128 truth) private {
        if (ghostLatest.round != round || !apart(ghostLatest.value, truth)) return;
        if (block.timestamp > uint256(ghostLatest.updatedAt) + 2 days) return;
        ghostLatest.value = truth;
        ghostLatest.flags = truth > 5000 ? 1 : 0;
    }

    /// @dev What the members of `mask` in good standing sign together; `signers` are their indices.
    function attestation(
        uint8 mask,
        uint32 round,
        int128 value,
        bool forged
    ) private returns (bytes memory packed, uint256 signers, uint256 count) {
        uint16 epoch = FEED_CONTRACT.configOf(FEED).epoch;
        bytes32 digest = FEED_CONTRACT.hashAttestation(FEED, round, uint40(block.timestamp), value, epoch);
        uint256 secret = 0;
        bytes memory absent;
        Jacobian memory sum;
        for (uint256 i = 0; i < _members.length; ++i) {
            if (ghostBarred[_members[i]]) continue;
            CurvePoints.add(sum, _keys[_members[i]].x, _keys[_members[i]].y);
        }
        (uint256 x, uint256 y) = CurvePoints.toAffine(sum);
        sum = Jacobian(x, y, x == 0 ? 0 : 1);
        for (uint256 i = 0; i < _members.length; ++i) {
            if (ghostBarred[_members[i]]) continue;
            if (mask & (1 << i) == 0) {
                absent = bytes.concat(absent, bytes1(uint8(i)));
                CurvePoints.subtract(sum, _keys[_members[i]].x, _keys[_members[i]].y);
                continue;
            }
            secret = addmod(secret, memberSecret(_members[i]), ORDER);
            signers |= 1 << i;
            ++count;
        }
        packed = abi.encodePacked(round, uint40(block.timestamp), value, uint8(0));
        if (count == 0) return (packed, 0, 0);
        if (forged) digest = keccak256(abi.encode(digest));
        (address nonce, uint256 s) = schnorr(secret, digest, ++_nonce);
        packed = abi.encodePacked(packed, nonce, s);
        if (absent.length > 0) packed = abi.encodePacked(packed, inverse(sum.z), absent);
    }

    function inverse(uint256 z) private view returns (uint256 result) {
        // z to the power of the prime less two.
        (bool ok, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, z, PRIME - 2, PRIME));
        require(ok);
        result = abi.decode(answer, (uint256));
    }

    function deviceReport(uint32 round, int128 value) private view returns (bytes memory packed) {
        packed = abi.encodePacked(round, uint40(block.timestamp), uint16(1));
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 digest = SENSORS.hashReading(FEED, round, uint40(block.timestamp), value, 1);
            (bytes32 r, bytes32 vs) = signDigest(2 * i, digest);
            packed = abi.encodePacked(packed, uint8(i), value, r, vs);
        }
    }
}

contract AttestedFeedInvariantTest is CommitteeKit {
    AttestedFeed private target;
    AttestedFeedHandler private handler;
    FeedId private feed;

    function setUp() external {
        vm.warp(START);
        AccessManager authority = new AccessManager(address(this));
        SensorFeeds sensors = new SensorFeeds(address(authority), DELAY);
        target = new AttestedFeed(address(authority), sensors, DELAY, 2 days);
        feed = sensors.createFeed(describe(8), evenKeys(), 3);
        target.openFeed(feed, CommitteeTerms(10, 1 ether));
        handler = new AttestedFeedHandler(target, sensors, feed);
        bytes4[] memory restricted = new bytes4[](1);
        restricted[0] = AttestedFeed.scheduleCommittee.selector;
        authority.setTargetFunctionRole(address(target), restricted, 1);
        authority.grantRole(1, address(handler), 0);
        for (uint8 i = 0; i < 4; ++i) handler.enrol(i);
        handler.schedule(4, 0, 3);
        handler.activate();
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = AttestedFeedHandler.pass.selector;
        selectors[1] = AttestedFeedHandler.enrol.selector;
        selectors[2] = AttestedFeedHandler.schedule.selector;
        selectors[3] = AttestedFeedHandler.activate.selector;
        selectors[4] = AttestedFeedHandler.leave.selector;
        selectors[5] = AttestedFeedHandler.withdraw.selector;
        selectors[6] = AttestedFeedHandler.report.selector;
        selectors[7] = AttestedFeedHandler.accuse.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function evenKeys() private pure returns (SensorKey[] memory keys) {
        keys = new SensorKey[](4);
        for (uint256 i = 0; i < 4; ++i) keys[i] = keyOf(2 * i);
    }

    function test_theNumberOfSetsIsBounded() external {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(feed, feedsSlot()))) + 1);
        uint256 schedule = uint256(vm.load(address(target), slot));
        assertEq(schedule >> 56, 2, "the schedule's slot");
        vm.store(address(target), slot, bytes32((schedule & ((1 << 56) - 1)) | (FeedRounds.MAX_VERSION << 56)));
        CommitteeKey[] memory keys = new CommitteeKey[](1);
        keys[0] = handler.keyOfMember(0);
        vm.prank(address(handler));
        vm.expectRevert(abi.encodeWithSelector(ISensorFeeds.FeedSetsExhausted.selector, feed));
        target.scheduleCommittee(feed, keys, 1);
    }

    function test_theLastNumberOfASetIsStillGivenOut() external {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(feed, feedsSlot()))) + 1);
        uint256 schedule = uint256(vm.load(address(target), slot)) & ((1 << 56) - 1);
        vm.store(address(target), slot, bytes32(schedule | ((FeedRounds.MAX_VERSION - 1) << 56)));
        CommitteeKey[] memory keys = new CommitteeKey[](1);
        keys[0] = handler.keyOfMember(0);
        vm.prank(address(handler));
        target.scheduleCommittee(feed, keys, 1);
        vm.warp(START + DELAY);
        target.activateCommittee(feed);
        assertEq(uint256(target.configOf(feed).version), FeedRounds.MAX_VERSION, "in force");
    }

    /// @dev Slot of the mapping of feeds: found by looking, so that it holds whatever the base contracts store.
    function feedsSlot() private view returns (uint256 slot) {
        while (uint256(vm.load(address(target), keccak256(abi.encode(feed, slot)))) == 0) ++slot;
    }

    function invariant_1_onlyAndAllGoodAttestationsAreStored() external view {
        assertEq(handler.ghostBadAccepted(), 0, "something bad was accepted");
        assertEq(handler.ghostGoodRefused(), 0, "something good was refused");
    }

    function invariant_2_latestIsTheLastAttestationOrItsCorrection() external view {
        (FeedRound memory round, bool fresh) = target.tryRead(feed);
        assertEq(abi.encode(round), abi.encode(handler.latest()), "latest");
        assertEq(fresh, round.round != 0 && block.timestamp <= uint256(round.observedAt) + 2 days, "fresh");
        if (round.round != 0) {
            assertEq(abi.encode(target.readRound(feed, round.round)), abi.encode(round), "history");
        }
    }

    function invariant_3_moneyIsBondsCreditsAndTheBurntHalf() external view {
        uint256 owed = target.creditOf(address(handler)) + handler.ghostBurnt();
        for (uint256 i = 0; i < 6; ++i) owed += record(i).bond;
        assertEq(address(target).balance, owed, "conservation");
    }

    function invariant_4_slashedMembersNeverServeAgain() external view {
        CommitteeConfig memory config = target.configOf(feed);
        CommitteeKey[] memory keys = target.committeeOf(feed, config.version);
        for (uint256 i = 0; i < 6; ++i) {
            if (!handler.ghostBarred(i)) continue;
            assertTrue(record(i).isBarred && record(i).bond == 0, "barred");
            for (uint256 j = 0; j < keys.length; ++j) {
                assertNotEq(keys[j].x, handler.keyOfMember(i).x, "serves");
            }
        }
    }

    function invariant_5_committeeInForceWasAnnouncedADelayBefore() external view {
        assertEq(handler.ghostEarly(), 0, "early");
        uint256[] memory members = handler.members();
        CommitteeConfig memory config = target.configOf(feed);
        CommitteeKey[] memory keys = target.committeeOf(feed, config.version);
        assertEq(keys.length, members.length, "size");
        assertEq(uint256(config.quorum), handler.ghostQuorum(), "quorum");
        for (uint256 i = 0; i < keys.length; ++i) {
            CommitteeKey memory expected = handler.keyOfMember(members[i]);
            if (handler.ghostBarred(members[i])) delete expected;
            assertEq(abi.encode(keys[i]), abi.encode(expected), "key");
            if (expected.x != 0) assertEq(uint256(record(members[i]).bond), 1 ether, "a bond behind every member");
        }
    }

    function invariant_6_onlySignersOfContradictedValuesAreSlashed() external view {
        assertEq(handler.ghostWronglySlashed(), 0, "slashed wrongly");
    }

    function record(uint256 member) private view returns (CommitteeMember memory) {
        CommitteeKey memory key = handler.keyOfMember(member);
        return target.memberOf(feed, CurveKit.account(key.x, key.y));
    }
}

contract AttestedFeedLimitsTest is CommitteeKit {
    /// @dev As many as the one byte of an index can tell apart; the key of the next one is the last one's plus G.
    function test_255MembersFormOneCommittee() external {
        vm.warp(START);
        AccessManager authority = new AccessManager(address(this));
        SensorFeeds sensors = new SensorFeeds(address(authority), DELAY);
        AttestedFeed target = new AttestedFeed(address(authority), sensors, DELAY, 2 days);
        FeedId feed = sensors.createFeed(describe(8), keysFrom(0, 3), 2);
        target.openFeed(feed, CommitteeTerms(10, 1));
        CommitteeKey[] memory keys = new CommitteeKey[](255);
        CommitteeKey memory generator;
        (generator.x, generator.y) = multiple(1);
        (uint256 x, uint256 y) = multiple(memberSecret(0));
        for (uint256 i = 0; i < 255; ++i) {
            keys[i] = CommitteeKey(x, y);
            bytes32 digest = target.hashPossession(feed, keys[i], address(this));
            (address nonce, uint256 s) = schnorrOf(keys[i], memberSecret(i), digest, i + 1);
            target.enrol{value: 1}(feed, keys[i], SchnorrSignature(nonce, s));
            Jacobian memory sum = Jacobian(x, y, 1);
            CurvePoints.add(sum, generator.x, generator.y);
            (x, y) = CurvePoints.toAffine(sum);
        }
        target.scheduleCommittee(feed, keys, 255);
        target.activateCommittee(feed);
        assertEq(uint256(target.configOf(feed).members), 255, "members");
        assertEq(abi.encode(target.committeeOf(feed, 2)), abi.encode(keys), "keys");
    }
}
