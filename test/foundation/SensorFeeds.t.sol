// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "../utils/Test.sol";
import {SensorFeeds} from "../../contracts/foundation/SensorFeeds.sol";
import {FeedId, FeedRound} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {
    FeedDescription,
    ISensorFeeds,
    SensorKey,
    SignedReading
} from "../../contracts/foundation/interfaces/ISensorFeeds.sol";
import {Curve} from "../../contracts/foundation/libraries/DeviceSignatures.sol";
import {FeedRounds, FeedWord} from "../../contracts/foundation/libraries/FeedRounds.sol";
import {ReadingMessage, SensorReports} from "../../contracts/foundation/libraries/SensorReports.sol";
import {SensorSets, SetTraits} from "../../contracts/foundation/libraries/SensorSets.sol";

/// @notice Sensors with known keys, alternately on both curves, and what they sign.
abstract contract SensorKit is Test {
    uint256 internal constant P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    uint40 internal constant START = 1_700_000_000;
    uint40 internal constant DELAY = 1 days;

    function secretOf(uint256 sensor) internal pure returns (uint256) {
        return 0xA11CE + sensor;
    }

    function isP256(uint256 sensor) internal pure returns (bool) {
        return sensor % 2 == 1;
    }

    function keyOf(uint256 sensor) internal pure returns (SensorKey memory key) {
        if (isP256(sensor)) {
            (uint256 x, uint256 y) = vm.publicKeyP256(secretOf(sensor));
            return SensorKey(Curve.P256, bytes32(x), bytes32(y));
        }
        return SensorKey(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(secretOf(sensor))))), 0);
    }

    function keysFrom(uint256 first, uint256 n) internal pure returns (SensorKey[] memory keys) {
        keys = new SensorKey[](n);
        for (uint256 i = 0; i < n; ++i) keys[i] = keyOf(first + i);
    }

    function signDigest(uint256 sensor, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        if (isP256(sensor)) {
            (r, vs) = vm.signP256(secretOf(sensor), digest);
            if (uint256(vs) > P256_ORDER / 2) vs = bytes32(P256_ORDER - uint256(vs));
            return (r, vs);
        }
        uint8 v;
        (v, r, vs) = vm.sign(secretOf(sensor), digest);
        vs = bytes32(uint256(vs) | (uint256(v - 27) << 255));
    }

    function describe(uint32 historySize) internal pure returns (FeedDescription memory) {
        return FeedDescription("Rain, Seattle", "0.1 mm", 1, 0, 5000, 2 days, 500, historySize);
    }

    /// @dev Ascending by value, with the sensors' indices moving along.
    function sort(int128[] memory values, uint256[] memory indices) internal pure {
        for (uint256 i = 1; i < values.length; ++i) {
            for (uint256 j = i; j > 0 && values[j] < values[j - 1]; --j) {
                (values[j], values[j - 1]) = (values[j - 1], values[j]);
                (indices[j], indices[j - 1]) = (indices[j - 1], indices[j]);
            }
        }
    }
}

/// @notice The libraries behind external functions, so that calldata and reverts can be observed.
contract SensorLibraries {
    mapping(bytes32 keyHash => bool isEjected) private _ejected;

    function encode(SetTraits memory traits, SensorKey[] calldata keys) external view returns (bytes memory) {
        return SensorSets.encode(traits, keys, _ejected);
    }

    function accept(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata report,
        uint256 seen
    ) external view returns (uint256 next, uint256 signed) {
        return SensorReports.accept(set, message, report, 0, seen);
    }

    function check(
        bytes memory set,
        ReadingMessage memory message,
        bytes calldata report,
        uint256 seen
    ) external view returns (uint256 bit) {
        return SensorReports.check(set, message, report, 0, seen);
    }

    function valueAt(bytes calldata report, uint256 i) external pure returns (int128) {
        return SensorReports.valueAt(report, i);
    }

    function keyAt(bytes memory set, uint256 index) external pure returns (Curve, bytes32, bytes32) {
        return SensorSets.keyAt(set, index);
    }

    function headOf(bytes calldata report) external pure returns (uint32, uint40, uint16) {
        return SensorReports.headOf(report);
    }
}

contract SensorFeedsTest is SensorKit {
    using FeedRounds for FeedWord;

    uint256 private constant SENSORS = 7;
    uint8 private constant QUORUM = 5;

    SensorFeeds private feeds;
    SensorLibraries private libraries;
    FeedId private feed;

    function setUp() external {
        vm.warp(START);
        AccessManager authority = new AccessManager(address(this));
        feeds = new SensorFeeds(address(authority), DELAY);
        libraries = new SensorLibraries();
        feed = feeds.createFeed(describe(512), keysFrom(0, SENSORS), QUORUM);
    }

    function reading(uint256 sensor, uint32 round, int128 value) private view returns (bytes memory) {
        (bytes32 r, bytes32 vs) = signDigest(sensor, feeds.hashReading(feed, round, START, value, 1));
        return abi.encodePacked(uint8(sensor), value, r, vs);
    }

    function reportOf(uint32 round, int128[] memory values) private view returns (bytes memory report) {
        uint256[] memory indices = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) indices[i] = i;
        sort(values, indices);
        report = abi.encodePacked(round, START, uint16(1));
        for (uint256 i = 0; i < values.length; ++i) {
            report = bytes.concat(report, reading(indices[i], round, values[i]));
        }
    }

    // The median lies between the least and greatest honest value whenever fewer than half of the quorum lie.
    function testFuzz_medianLiesAmongTheHonestWhenFewerThanHalfLie(
        int128[7] memory seeds,
        uint8 liars,
        uint8 count
    ) external {
        uint256 n = bound(count, QUORUM, SENSORS);
        uint256 lying = bound(liars, 0, (n - 1) / 2);
        int128[] memory values = new int128[](n);
        int128 least = type(int128).max;
        int128 greatest = type(int128).min;
        for (uint256 i = 0; i < n; ++i) {
            values[i] = i < lying ? seeds[i] : int128(int256(bound(uint256(int256(seeds[i])), 100, 200)));
            if (i < lying) continue;
            if (values[i] < least) least = values[i];
            if (values[i] > greatest) greatest = values[i];
        }
        feeds.submit(feed, reportOf(1, values));
        FeedRound memory stored = feeds.read(feed);
        assertGe(stored.value, least, "not below the honest");
        assertLe(stored.value, greatest, "not above the honest");
        assertEq(uint256(stored.flags), 0, "honest values are plausible");
    }

    // Never frozen: whatever a quorum says is stored, and flagged when it is implausible.
    function testFuzz_anyValueIsStoredAndFlaggedWhenImplausible(int128 value) external {
        int128[] memory values = new int128[](QUORUM);
        for (uint256 i = 0; i < QUORUM; ++i) values[i] = value;
        feeds.submit(feed, reportOf(1, values));
        FeedRound memory stored = feeds.read(feed);
        assertEq(stored.value, value, "stored as it is");
        assertEq(uint256(stored.flags), value < 0 || value > 5000 ? 1 : 0, "flag");
    }

    function testFuzz_aReportOfAnySingleBitFlippedIsRefused(uint256 at) external {
        int128[] memory values = new int128[](QUORUM);
        for (uint256 i = 0; i < QUORUM; ++i) values[i] = int128(int256(100 + i));
        bytes memory report = reportOf(1, values);
        at = bound(at, 0, report.length * 8 - 1);
        report[at / 8] = bytes1(uint8(report[at / 8]) ^ uint8(1 << (at % 8)));
        vm.expectRevert();
        feeds.submit(feed, report);
    }

    /// @dev EIP-2098 can still write the few values of s just above half of the order. A feed's id does not depend on its
    /// sensors, so an address can be found for which such a signature would be the right one.
    function testFuzz_highSIsRefusedEvenWhereItRecovers(uint256 nonce, uint256 above) external {
        uint256 half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
        bytes32 s = bytes32(half + bound(above, 0, 2));
        (, bytes32 r, ) = vm.sign(secretOf(0), bytes32(nonce));
        FeedDescription memory description = describe(1);
        description.name = "High s";
        FeedId other = feeds.feedIdOf(description);
        address signer = ecrecover(feeds.hashReading(other, 1, START, 7, 1), 27, r, s);
        SensorKey[] memory keys = new SensorKey[](1);
        keys[0] = SensorKey(Curve.Secp256k1, bytes32(uint256(uint160(signer))), 0);
        feeds.createFeed(description, keys, 1);
        bytes memory report = abi.encodePacked(uint32(1), START, uint16(1), uint8(0), int128(7), r, s);
        if (uint256(s) > half) vm.expectRevert(abi.encodeWithSelector(ISensorFeeds.FeedSignatureInvalid.selector, 0));
        feeds.submit(other, report);
    }

    function testFuzz_acceptAgreesWithItsPlainTwin(
        uint256 sensor,
        int128 value,
        int128 previous,
        uint256 seen,
        uint256 flip
    ) external view {
        sensor = bound(sensor, 0, SENSORS);
        bytes memory report = bytes.concat(abi.encodePacked(uint32(1), START, uint16(1)), reading(sensor, 1, value));
        if (flip % 2 == 0) {
            uint256 at = bound(flip / 2, 28, report.length - 1);
            report[at] = bytes1(uint8(report[at]) ^ uint8(1 << (flip % 8)));
        }
        bytes memory set = libraries.encode(SetTraits(QUORUM, 0, 1, 9, 1, 500, 2 days, 0, 5000), keysFrom(0, SENSORS));
        ReadingMessage memory message = ReadingMessage(
            SensorReports.READING_TYPEHASH,
            feed,
            1,
            START,
            previous,
            1,
            domainSeparator()
        );
        (uint256 next, uint256 signed) = libraries.accept(set, message, report, seen);
        try libraries.check(set, message, report, seen) returns (uint256 bit) {
            assertEq(next, 1, "accepted what is right");
            assertEq(signed, seen | bit, "the sensor's bit");
        } catch {
            assertEq(next, 0, "refused what is wrong");
            assertEq(signed, seen, "nothing marked");
        }
    }

    function domainSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("Publica SensorFeeds"),
                    keccak256("1"),
                    block.chainid,
                    address(feeds)
                )
            );
    }

    function testFuzz_digestIsTheEip712Digest(
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch
    ) external view {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Reading(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)"),
                feed,
                round,
                observedAt,
                value,
                epoch
            )
        );
        assertEq(
            feeds.hashReading(feed, round, observedAt, value, epoch),
            keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash)),
            "digest"
        );
    }

    function testFuzz_valueAndHeadAreReadBackFromTheReport(
        uint32 round,
        uint40 observedAt,
        uint16 epoch,
        int128 value,
        uint256 at
    ) external view {
        at = bound(at, 0, 30);
        bytes memory report = bytes.concat(
            abi.encodePacked(round, observedAt, epoch),
            new bytes(81 * at),
            abi.encodePacked(uint8(3), value),
            new bytes(64)
        );
        assertEq(libraries.valueAt(report, at), value, "value");
        (uint32 round_, uint40 observedAt_, uint16 epoch_) = libraries.headOf(report);
        assertEq(round_, round, "round");
        assertEq(observedAt_, observedAt, "observedAt");
        assertEq(epoch_, epoch, "epoch");
    }

    function testFuzz_feedWordKeepsEveryField(
        int128 value,
        uint40 observedAt,
        uint40 updatedAt,
        uint32 number,
        bool suspect,
        uint16 version,
        bool scheduled
    ) external pure {
        version = uint16(bound(version, 0, FeedRounds.MAX_VERSION));
        FeedWord word = FeedWord.wrap(0).withSet(version, scheduled);
        word = word.withRound(1, 2, 3, 4, true).withRound(value, observedAt, updatedAt, number, suspect);
        for (uint256 i = 0; i < 2; ++i) {
            FeedRound memory round = word.toRound();
            assertEq(round.value, value, "value");
            assertEq(round.observedAt, observedAt, "observedAt");
            assertEq(round.updatedAt, updatedAt, "updatedAt");
            assertEq(round.round, number, "round");
            assertEq(uint256(round.flags), suspect ? 1 : 0, "flags");
            assertEq(uint256(word.version()), version, "version");
            assertEq(word.isScheduled(), scheduled, "scheduled");
            word = word.withSet(0, !scheduled).withSet(version, scheduled);
        }
    }

    function testFuzz_setWordsAgreeWithTheirPlainTwin(bytes32[4] memory words, uint256 at, uint256 word) external pure {
        bytes memory set = abi.encodePacked(words);
        at = bound(at, 0, 96);
        bytes memory expected = abi.encodePacked(words);
        bytes32 replacement = bytes32(word);
        for (uint256 i = 0; i < 32; ++i) expected[at + i] = replacement[i];
        SensorSets.setWord(set, at, word);
        assertEq(set, expected, "written");
        uint256 plain = 0;
        for (uint256 i = 0; i < 32; ++i) plain = (plain << 8) | uint8(set[at + i]);
        assertEq(SensorSets.wordAt(set, at), plain, "read");
    }

    function testFuzz_aSetGivesBackItsKeysAndTraits(uint8 size, SetTraits memory traits) external view {
        uint256 n = bound(size, 1, 31);
        traits.quorum = uint8(bound(traits.quorum, 1, n));
        SensorKey[] memory keys = keysFrom(0, n);
        bytes memory set = libraries.encode(traits, keys);
        traits.sensors = uint8(n);
        assertEq(abi.encode(SensorSets.traitsOf(set)), abi.encode(traits), "traits");
        assertEq(abi.encode(SensorSets.keysOf(set)), abi.encode(keys), "keys");
        assertTrue(SensorSets.eject(set, keccak256(abi.encode(keys[n - 1]))), "found");
        delete keys[n - 1];
        assertEq(abi.encode(SensorSets.keysOf(set)), abi.encode(keys), "only that one is gone");
        assertFalse(SensorSets.eject(set, keccak256("nobody")), "not found");
    }

    function testFuzz_aSetHasNoKeyBeyondItsSensors(uint8 size, uint256 index) external {
        uint256 n = bound(size, 1, 31);
        index = bound(index, n, type(uint256).max);
        SetTraits memory traits;
        traits.quorum = 1;
        bytes memory set = libraries.encode(traits, keysFrom(0, n));
        libraries.keyAt(set, n - 1);
        vm.expectRevert(abi.encodeWithSelector(ISensorFeeds.FeedSensorUnknown.selector, index));
        libraries.keyAt(set, index);
    }

    /// @dev The widest set there can be still fits a contract.
    function test_255SensorsOnP256FitOneDataContract() external {
        SensorKey[] memory keys = new SensorKey[](255);
        for (uint256 i = 0; i < 255; ++i) keys[i] = keyOf(2 * i + 1);
        FeedDescription memory description = describe(1);
        description.name = "Wide";
        FeedId wide = feeds.createFeed(description, keys, 255);
        assertEq(abi.encode(feeds.sensorsOf(wide)), abi.encode(keys), "all keys are there");
    }

    function test_theNumberOfSetsIsBounded() external {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(feed, feedsSlot()))) + 1);
        assertEq(vm.load(address(feeds), slot), bytes32(uint256(1) << 56), "the schedule's slot");
        vm.store(address(feeds), slot, bytes32(FeedRounds.MAX_VERSION << 56));
        vm.expectRevert(abi.encodeWithSelector(ISensorFeeds.FeedSetsExhausted.selector, feed));
        feeds.scheduleSensors(feed, keysFrom(0, 4), 3);
    }

    function test_theLastNumberOfASetIsStillGivenOut() external {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(feed, feedsSlot()))) + 1);
        vm.store(address(feeds), slot, bytes32((FeedRounds.MAX_VERSION - 1) << 56));
        feeds.scheduleSensors(feed, keysFrom(1, 4), 3);
        vm.warp(START + DELAY);
        assertEq(abi.encode(feeds.sensorsOf(feed)), abi.encode(keysFrom(1, 4)), "in force");
        vm.expectRevert(abi.encodeWithSelector(ISensorFeeds.FeedSetsExhausted.selector, feed));
        feeds.scheduleSensors(feed, keysFrom(0, 4), 3);
    }

    /// @dev Slot of the mapping of feeds: found by looking, so that it holds whatever the base contracts store.
    function feedsSlot() private view returns (uint256 slot) {
        while (uint256(vm.load(address(feeds), keccak256(abi.encode(feed, slot)))) == 0) ++slot;
    }
}
