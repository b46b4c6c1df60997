// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId, IFeedReader} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {FeedDescription, SensorKey, SignedReading} from "../../contracts/foundation/interfaces/ISensorFeeds.sol";
import {Curve} from "../../contracts/foundation/libraries/DeviceSignatures.sol";
import {SensorFeeds} from "../../contracts/foundation/SensorFeeds.sol";
import {IPolicyBook, Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {IPolicySettlement} from "../../contracts/insurance/interfaces/IPolicySettlement.sol";
import {Equivocation, ISeriesRecourse} from "../../contracts/insurance/interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry, Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {InsuranceFixture} from "./InsuranceFixture.sol";

/// @dev Real sensors: what happens to a series whose sensors contradict themselves.
contract InsuranceContest is InsuranceFixture {
    uint256 private constant SENSORS = 4;
    uint8 private constant QUORUM = 3;

    SensorFeeds private _sensors;
    FeedId private _feed;
    SeriesId private _series;

    function setUp() public {
        deploySuite(new TestToken("Euro", "EUR", 6));
        invest(pool, INVESTOR, 1_000e6);
        _sensors = new SensorFeeds(address(manager), 1 days);
        SensorKey[] memory keys = new SensorKey[](SENSORS);
        for (uint256 i; i < SENSORS; ++i) keys[i] = _key(i);
        FeedDescription memory description = FeedDescription("rain", "0.1 mm", 1, 0, 5_000, 2 days, 0, 64);
        _feed = _sensors.createFeed(description, keys, QUORUM);
        Terms memory terms = termsFrom(START);
        terms.feeds = IFeedReader(address(_sensors));
        terms.feed = _feed;
        terms.fallbackFeeds = IFeedReader(address(feeds));
        terms.fallbackFeed = FALLBACK;
        terms.disputeWindow = 3 days;
        vm.expectEmit();
        emit IUnderwritingPool.SeriesAccepted(SeriesId.wrap(1), START, START + SEASON, 0);
        vm.expectEmit();
        emit ISeriesRegistry.SeriesOpened(SeriesId.wrap(1), address(pool), "Test series");
        _series = registry.openSeries(terms);
        (Quote memory quote, bytes memory signature) = quoteFor(_series, ANA, 100e6, 10e6);
        fund(ANA, 10e6, address(pool));
        address key = vm.addr(PRICING_KEY);
        vm.expectEmit();
        emit IPolicyBook.PolicyBought(1 << 32, _series, 100e6, 10e6);
        vm.prank(ANA);
        book.buy(quote, key, signature);
        vm.warp(START + 1 days);
        bytes memory report = abi.encodePacked(uint32(1), START + 1 days, uint16(1));
        for (uint256 i; i < QUORUM; ++i) {
            SignedReading memory reading = _sign(i, int128(int256(190 + i)));
            report = abi.encodePacked(report, uint8(i), reading.value, reading.r, reading.vs);
        }
        _sensors.submit(_feed, report);
    }

    function test_halfAQuorumThatContradictsItselfLosesItsSay() external {
        Equivocation[] memory proofs = _proofs(2);
        vm.expectEmit();
        emit ISeriesRecourse.SeriesContested(_series, 1, 2, address(this));
        recourse.contest(_series, 1, proofs);
        assertTrue(recourse.isContested(_series), "contested");
        vm.warp(block.timestamp + 3 days);
        vm.expectRevert(abi.encodeWithSelector(IPolicySettlement.SettlementContested.selector, _series));
        book.decide(_series, "", 0);
        feeds.set(FALLBACK, 1, 150, uint40(block.timestamp));
        vm.warp(block.timestamp + 3 days);
        assertEq(recourse.decideByFallback(_series, 0, ""), 5000, "the fallback decides at once");
        vm.expectRevert(abi.encodeWithSelector(ISeriesRecourse.RecourseTooLate.selector, _series));
        recourse.contest(_series, 1, proofs);
    }

    function test_aContestedSeriesIsRefundedOnceItsFallbackIsSilentToo() external {
        recourse.contest(_series, 1, _proofs(2));
        uint256 deadline = START + SEASON + 2 * 7 days;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(ISeriesRecourse.RecourseTooEarly.selector, _series, deadline + 1));
        recourse.refund(_series, 0, 1);
        vm.warp(deadline + 1);
        // Nobody has to show that the first feed is missing: it is not, it was struck out.
        recourse.refund(_series, 0, 1);
        book.settle(_series, 1);
        assertEq(money.balanceOf(ANA), 10e6, "the premium");
    }

    function test_fewerThanHalfAQuorumCannotStopAPayout() external {
        Equivocation[] memory proofs = _proofs(1);
        _refuse(1, proofs, 1);
        _refuse(1, new Equivocation[](0), 0);
        vm.warp(block.timestamp + 3 days);
        book.settle(_series, 1);
        assertEq(money.balanceOf(ANA), 91e6, "the median stands");
    }

    function test_halfOfAnEvenQuorumIsEnough() external {
        SensorKey[] memory keys = new SensorKey[](SENSORS);
        for (uint256 i; i < SENSORS; ++i) keys[i] = _key(i);
        FeedDescription memory description = FeedDescription("hail", "0.1 mm", 1, 0, 5_000, 2 days, 0, 64);
        _feed = _sensors.createFeed(description, keys, 4);
        Terms memory terms = termsFrom(START + SEASON);
        terms.feeds = IFeedReader(address(_sensors));
        terms.feed = _feed;
        terms.disputeWindow = 3 days;
        _series = registry.openSeries(terms);
        _refuse(1, _proofs(1), 1);
        recourse.contest(_series, 1, _proofs(2));
        assertTrue(recourse.isContested(_series), "two of four");
    }

    /// @dev Whoever sells without a dispute window has said that the feed's word is final.
    function test_aSeriesWithoutADisputeWindowIsNotContested() external {
        Terms memory terms = termsFrom(START + SEASON);
        terms.feeds = IFeedReader(address(_sensors));
        terms.feed = _feed;
        _series = registry.openSeries(terms);
        _refuse(1, _proofs(2), 2);
    }

    function test_evidenceIsDistinctSignedOfThisRoundAndKnownToTheFeed() external {
        Equivocation[] memory proofs = _proofs(2);
        _refuse(2, proofs, 2);
        _refuse(0, proofs, 2);
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        _refuse(1, proofs, 1);
        proofs[1] = proofs[0];
        _refuse(1, proofs, 1);
        proofs = _proofs(2);
        proofs[1].second = proofs[1].first;
        _refuse(1, proofs, 1);
        proofs = _proofs(2);
        proofs[0].second.r ^= bytes32(uint256(1));
        _refuse(1, proofs, 0);
        proofs[0] = _equivocation(3);
        proofs[1] = _equivocation(2);
        if (_hash(3) > _hash(2)) (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        _refuse(1, proofs, 0);
    }

    /// @dev Sensors 0 … count − 1 contradict themselves, are ejected for it, and stand in the order of their hashes.
    function _proofs(uint256 count) private returns (Equivocation[] memory proofs) {
        proofs = new Equivocation[](count);
        for (uint256 i; i < count; ++i) {
            proofs[i] = _equivocation(i);
            if (!_sensors.isEjected(_feed, proofs[i].key))
                _sensors.proveEquivocation(_feed, proofs[i].key, 1, 1, proofs[i].first, proofs[i].second);
        }
        if (count == 2 && _hash(0) > _hash(1)) (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
    }

    function _refuse(uint32 round, Equivocation[] memory proofs, uint256 position) private {
        vm.expectRevert(abi.encodeWithSelector(ISeriesRecourse.RecourseEvidenceInvalid.selector, position));
        recourse.contest(_series, round, proofs);
    }

    function _equivocation(uint256 i) private view returns (Equivocation memory) {
        return Equivocation(_key(i), 1, _sign(i, int128(int256(190 + i))), _sign(i, 0));
    }

    function _hash(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode(_key(i)));
    }

    function _key(uint256 i) private pure returns (SensorKey memory) {
        return SensorKey(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(0x5E50 + i)))), 0);
    }

    function _sign(uint256 i, int128 value) private view returns (SignedReading memory reading) {
        reading.observedAt = START + 1 days;
        reading.value = value;
        bytes32 digest = _sensors.hashReading(_feed, 1, reading.observedAt, value, 1);
        uint8 v;
        bytes32 s;
        (v, reading.r, s) = vm.sign(0x5E50 + i, digest);
        reading.vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }
}
