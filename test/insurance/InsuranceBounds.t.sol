// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {FeedId, IFeedReader} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {FeedDescription, SensorKey} from "../../contracts/foundation/interfaces/ISensorFeeds.sol";
import {Curve} from "../../contracts/foundation/libraries/DeviceSignatures.sol";
import {SensorFeeds} from "../../contracts/foundation/SensorFeeds.sol";
import {IPolicyBook, Policy, Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {
    IPolicySettlement,
    SeriesAccount,
    SeriesState
} from "../../contracts/insurance/interfaces/IPolicySettlement.sol";
import {Layer} from "../../contracts/insurance/interfaces/IReinsuranceTower.sol";
import {ISeriesRegistry, Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {Covers} from "../../contracts/insurance/libraries/Covers.sol";
import {Decision, Decisions} from "../../contracts/insurance/libraries/Decisions.sol";
import {Ledger} from "../../contracts/insurance/libraries/Ledgers.sol";
import {PackedSeries, SeriesBlob, SeriesWords} from "../../contracts/insurance/libraries/SeriesBlob.sol";
import {PolicyBook} from "../../contracts/insurance/PolicyBook.sol";
import {UnderwritingPool} from "../../contracts/insurance/UnderwritingPool.sol";
import {ERC1271Wallet} from "../../contracts/mocks/ERC1271Wallet.sol";
import {BlocklistToken} from "../../contracts/mocks/HostileTokens.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {Base64} from "solady/src/utils/Base64.sol";
import {LibString} from "solady/src/utils/LibString.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {InsuranceFixture} from "./InsuranceFixture.sol";

/// @dev Both sides of every bound, and what must hold whoever is hostile.
contract InsuranceBounds is InsuranceFixture {
    SeriesId private _series;

    function setUp() public {
        deploySuite(new TestToken("Euro", "EUR", 18));
        invest(pool, INVESTOR, 1_000e18);
        _series = registry.openSeries(termsFrom(START));
    }

    // ── both sides of each bound ────────────────────────────────────────────────────────────────────────────────────

    function test_capsHoldToTheUnit() external {
        pool.setZoneCap(7, 50e6);
        Terms memory terms = termsFrom(START);
        terms.zone = 7;
        terms.capacity = 51e18;
        SeriesId zoned = registry.openSeries(terms);
        bytes4 zoneFull = IUnderwritingPool.PoolZoneCapExceeded.selector;
        _refuse(zoned, 50e18 + UNIT, UNIT, abi.encodeWithSelector(zoneFull, 7, 50e6 + 1, 50e6));
        buy(zoned, ANA, 50e18, UNIT);
        pool.setZoneCap(7, 100e6);
        bytes4 seriesFull = IPolicyBook.PolicySeriesCapExceeded.selector;
        _refuse(zoned, 1e18 + UNIT, UNIT, abi.encodeWithSelector(seriesFull, zoned, 51e6 + 1, 51e6));
        buy(zoned, ANA, 1e18, UNIT);
        bytes4 poolFull = IUnderwritingPool.PoolCapacityExceeded.selector;
        _refuse(_series, 949e18 + UNIT, UNIT, abi.encodeWithSelector(poolFull, 1_000e6 + 1, 1_000e6));
        pool.setPoolCap(60e6);
        _refuse(_series, 9e18 + UNIT, UNIT, abi.encodeWithSelector(poolFull, 60e6 + 1, 60e6));
        buy(_series, ANA, 9e18, UNIT);
    }

    /// @dev Accumulation is what stands in the zone now: it ends with a cancellation and with the outcome.
    function test_aZoneIsFreedByCancellationAndByTheOutcome() external {
        pool.setZoneCap(7, 50e6);
        Terms memory terms = termsFrom(START);
        (terms.zone, terms.cancelUntil) = (7, START);
        SeriesId zoned = registry.openSeries(terms);
        uint256 policyId = buy(zoned, ANA, 50e18, 1e18);
        bytes4 zoneFull = IUnderwritingPool.PoolZoneCapExceeded.selector;
        _refuse(zoned, UNIT, UNIT, abi.encodeWithSelector(zoneFull, 7, 50e6 + 1, 50e6));
        vm.prank(ANA);
        book.cancel(policyId);
        (uint64 cap, uint64 exposure) = pool.zoneOf(7);
        assertEq(cap, 50e6, "the cap stays");
        assertEq(exposure, 0, "freed by the cancellation");
        buy(zoned, BEN, 50e18, 1e18);
        (, exposure) = pool.zoneOf(7);
        assertEq(exposure, 50e6, "taken again");
        observe(START, 150);
        book.decide(zoned, "", 0);
        (, exposure) = pool.zoneOf(7);
        assertEq(exposure, 0, "freed by the outcome, before anybody is paid");
        (terms.start, terms.end) = (START + SEASON, START + 2 * SEASON);
        zoned = registry.openSeries(terms);
        buy(zoned, BEN, 50e18, 1e18);
        vm.warp(terms.end + 7 days + 1);
        recourse.refund(zoned, 1, 0);
        (, exposure) = pool.zoneOf(7);
        assertEq(exposure, 0, "and by a refund as well");
    }

    function test_aQuoteKeyMayBeAContract() external {
        ERC1271Wallet wallet = new ERC1271Wallet(vm.addr(PRICING_KEY));
        book.setQuoteKey(address(wallet), type(uint64).max);
        (Quote memory quote, bytes memory signature) = quoteFor(_series, ANA, 10e18, 1e18);
        fund(ANA, 1e18, address(pool));
        vm.prank(wallet.owner());
        wallet.setLocked(true);
        vm.expectRevert(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, address(wallet)));
        vm.prank(ANA);
        book.buy(quote, address(wallet), signature);
        vm.prank(wallet.owner());
        wallet.setLocked(false);
        vm.prank(ANA);
        uint256 policyId = book.buy(quote, address(wallet), signature);
        assertEq(book.ownerOf(policyId), ANA, "sold");
    }

    /// @dev A recovery that fails gives the zero address, which is nobody even where it was given a limit.
    function test_aSignatureThatCannotBeReadIsNobodys() external {
        book.setQuoteKey(address(0), type(uint64).max);
        (Quote memory quote, ) = quoteFor(_series, ANA, 10e18, 1e18);
        vm.expectRevert(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, address(0)));
        vm.prank(ANA);
        book.buy(quote, address(0), new bytes(65));
    }

    /// @dev Nothing free, not even for a part: the ticket waits whole.
    function test_aTicketWaitsWholeWhileNothingIsFree() external {
        vm.prank(INVESTOR);
        pool.requestWithdrawal(600e21);
        buy(_series, ANA, 1_000e18, 10 * UNIT);
        SeriesId later = registry.openSeries(termsFrom(START + 2 * SEASON));
        observe(START, 0);
        vm.warp(START + SEASON + 14 days);
        // What the first premium earned stands behind the next series.
        buy(later, BEN, 10 * UNIT, UNIT);
        vm.recordLogs();
        assertEq(pool.serveWithdrawals(9), 0, "nobody is served");
        assertEq(vm.getRecordedLogs().length, 0, "and nothing is said to be");
        assertEq(pool.ticketOf(0).shares, 600e21, "the ticket is as it was");
        assertEq(money.balanceOf(INVESTOR), 0, "nothing left the pool");
        book.decide(_series, "", 0);
        assertEq(pool.serveWithdrawals(9), 1, "then all of it");
    }

    function test_policiesAreReadInOneGo() external {
        uint256 first = buy(_series, ANA, 10e18, 1e18);
        buy(_series, BEN, 20e18, 2e18);
        Policy[] memory policies = book.policiesOf(_series, 0, 3);
        assertEq(policies[0].holder, book.ownerOf(first), "the first holder");
        assertEq(policies[1].holder, BEN, "the second holder");
        assertEq(policies[1].sumUnits, 20e6, "insured");
        assertEq(policies[1].premiumUnits, 2e6, "paid");
        assertEq(policies[2].holder, address(0), "nobody yet");
        assertEq(book.policiesOf(_series, 1, 1)[0].holder, BEN, "from a place on");
    }

    function test_theDailyLimitHoldsToTheUnitAndTheSecond() external {
        address key = vm.addr(PRICING_KEY);
        book.setQuoteKey(key, 10e6);
        vm.warp((block.timestamp / 1 days + 1) * 1 days);
        bytes4 spent = IPolicyBook.PolicyQuoteLimit.selector;
        _refuse(_series, 10e18 + UNIT, UNIT, abi.encodeWithSelector(spent, key, 10e6 + 1, 10e6));
        buy(_series, ANA, 10e18, UNIT);
        vm.warp(block.timestamp + 1 days - 1);
        _refuse(_series, 2 * UNIT, UNIT, abi.encodeWithSelector(spent, key, 2, 0));
        vm.warp(block.timestamp + 1);
        buy(_series, ANA, 10e18, UNIT);
    }

    function test_thePremiumFloorHoldsToTheUnit() external {
        Terms memory terms = termsFrom(START);
        terms.floorBps = 3;
        SeriesId series = registry.openSeries(terms);
        bytes4 bounds = IPolicyBook.PolicyPremiumOutOfBounds.selector;
        _refuse(series, 10e18, 3e15 - UNIT, abi.encodeWithSelector(bounds, 3e15 - UNIT, 3e15, 10e18));
        buy(series, ANA, 10e18, 3e15);
    }

    function test_theLargestPolicyHas48BitsOfUnits() external {
        uint256 most = type(uint48).max * UNIT;
        invest(pool, INVESTOR, most);
        assertEq(book.policyOf(buy(_series, ANA, most, UNIT)).sumUnits, type(uint48).max, "insured");
    }

    /// @dev Who asks to leave bears every risk taken until then, to the second in which its series must be settled.
    function test_aTicketWaitsWhileWhatWasAtRiskWhenItWasAskedForCanStillCostMoney() external {
        Terms memory terms = termsFrom(START);
        terms.disputeWindow = 2 days;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 500e18, UNIT);
        vm.startPrank(INVESTOR);
        pool.requestWithdrawal(600e21);
        vm.stopPrank();
        vm.warp(START + SEASON + 18 days - 1);
        pool.serveWithdrawals(1);
        assertEq(money.balanceOf(INVESTOR), 0, "a second early");
        vm.warp(START + SEASON + 18 days);
        pool.serveWithdrawals(1);
        assertGe(money.balanceOf(INVESTOR), 500e18, "what is free");
    }

    function test_noMoreTicketsAreServedThanAskedFor() external {
        vm.startPrank(INVESTOR);
        for (uint256 i; i < 3; ++i) pool.requestWithdrawal(1e21);
        vm.stopPrank();
        vm.warp(block.timestamp + COOLDOWN);
        assertEq(pool.serveWithdrawals(2), 2, "two");
        (uint256 head, ) = pool.queue();
        assertEq(head, 2, "the third waits");
        assertEq(pool.ticketOf(1).shares, 0, "what was served is gone");
        assertEq(pool.ticketOf(2).shares, 1e21, "what waits is not");
        assertEq(money.balanceOf(INVESTOR), 2e18, "paid");
    }

    function test_aTicketForAllThatIsFreeIsServedWhole() external {
        UnderwritingPool own = _ownPool(1_000e18);
        SeriesId series = SeriesId.wrap(1);
        uint8 window = own.accept(series, START, START + SEASON, START + SEASON);
        own.write(series, Covers.pack(900e6, 0, 900e6, 0, window), address(this));
        own.requestWithdrawal(100e21);
        vm.warp(START + SEASON);
        assertEq(own.previewRedeem(100e21), own.freeAssets(), "exactly");
        vm.expectEmit();
        emit IUnderwritingPool.WithdrawalServed(0, address(this), 100e21, 100e18);
        vm.expectEmit();
        emit IERC4626.Withdraw(BEN, address(this), address(this), 100e18, 100e21);
        vm.prank(BEN);
        assertEq(own.serveWithdrawals(1), 1, "done with");
        assertEq(own.freeAssets(), 0, "all the rest is bound");
    }

    function test_whatIsOpenedAndSoldIsAnnounced() external {
        Terms memory terms = termsFrom(START + 1);
        vm.expectEmit();
        emit IUnderwritingPool.SeriesAccepted(SeriesId.wrap(2), START + 1, START + 1 + SEASON, 1);
        vm.expectEmit();
        emit ISeriesRegistry.SeriesOpened(SeriesId.wrap(2), address(pool), terms.name);
        SeriesId series = registry.openSeries(terms);
        (Quote memory quote, bytes memory signature) = quoteFor(series, ANA, 10e18, 1e18);
        fund(ANA, 1e18, address(pool));
        vm.expectEmit();
        emit IPolicyBook.PolicyBought(2 << 32, series, 10e18, 1e18);
        vm.prank(ANA);
        book.buy(quote, vm.addr(PRICING_KEY), signature);
    }

    /// @dev 18 decimals, and a day and a month of two digits and of one.
    function test_aCardShowsMoneyAndDatesAsTheyAreWritten() external {
        Terms memory terms = termsFrom(1_823_126_400);
        terms.end = 1_830_297_600;
        SeriesId series = registry.openSeries(terms);
        uint256 policyId = buy(series, ANA, 12.05e18, UNIT);
        string memory json = _decoded(book.tokenURI(policyId), "data:application/json;base64,");
        assertTrue(LibString.contains(json, '"value":"12.05 EUR"'), "money");
        uint256 from = LibString.indexOf(json, "data:image/svg+xml;base64,");
        string memory image = LibString.slice(json, from, LibString.indexOf(json, '","attributes"'));
        string memory svg = _decoded(image, "data:image/svg+xml;base64,");
        assertTrue(LibString.contains(svg, ">2027-10-10<"), "from");
        assertTrue(LibString.contains(svg, ">2028-01-01<"), "to");
        assertTrue(LibString.contains(svg, unicode">series 2 · policy 0<"), "which");
    }

    function test_valuesCountFromTheFirstSecondToTheLast() external {
        buy(_series, ANA, 100e18, 10e18);
        bytes4 outside = IPolicySettlement.SettlementDataOutsideWindow.selector;
        uint40 end = START + SEASON;
        vm.warp(end + 7 days);
        for (uint256 i; i < 2; ++i) {
            uint40 wrong = i == 0 ? START - 1 : end + 1;
            feeds.set(FEED, 1, 200, wrong);
            vm.expectRevert(abi.encodeWithSelector(outside, _series, 1, wrong, end + 7 days));
            book.decide(_series, "", 0);
            feeds.set(FEED, 1, 200, i == 0 ? START : end);
            (, uint256 bps) = recourse.preview(_series, "");
            assertEq(bps, 10_000, "counts");
        }
        vm.warp(end + 7 days + 1);
        feeds.set(FEED, 1, 200, end);
        vm.expectRevert(abi.encodeWithSelector(outside, _series, 1, end, end + 7 days + 1));
        book.decide(_series, "", 0);
    }

    function test_aSeasonIsAttestedWhenItIsOver() external {
        Terms memory terms = termsFrom(START);
        terms.seasonValues = 1;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        bytes memory season = hex"00c8";
        int128 digest = int128(uint128(bytes16(keccak256(season))));
        vm.warp(START + SEASON);
        feeds.set(FEED, 1, digest, START + SEASON - 1);
        bytes4 outside = IPolicySettlement.SettlementDataOutsideWindow.selector;
        vm.expectRevert(abi.encodeWithSelector(outside, series, 1, START + SEASON - 1, START + SEASON));
        book.decide(series, season, 0);
        feeds.set(FEED, 1, digest, START + SEASON);
        bytes4 mismatch = IPolicySettlement.SettlementSeasonMismatch.selector;
        bytes memory longer = hex"00c80000";
        vm.expectRevert(abi.encodeWithSelector(mismatch, series, bytes16(uint128(digest)), bytes16(keccak256(longer))));
        book.decide(series, longer, 0);
        assertEq(book.decide(series, season, 0), 10_000, "all");
    }

    // ── invariants and pitfalls ─────────────────────────────────────────────────────────────────────────────────────

    /// @dev Reading the blob in one instruction gives what reading it the plain way gives.
    function testFuzz_theBlobIsReadAsThePlainWayReadsIt(
        bytes32 name,
        uint128 capacity,
        int64 exit,
        uint32 zone
    ) external {
        Terms memory terms = termsFrom(START);
        terms.name = name;
        terms.capacity = capacity;
        terms.index.exit = exit;
        terms.zone = zone;
        SeriesId series = registry.openSeries(terms);
        address pointer = SSTORE2.predictDeterministicAddress(
            bytes32(uint256(SeriesId.unwrap(series))),
            address(registry)
        );
        SeriesWords memory plain = abi.decode(SSTORE2.read(pointer), (SeriesWords));
        PackedSeries loaded = SeriesBlob.load(registry, series);
        bytes memory words = new bytes(320);
        assembly ("memory-safe") {
            mcopy(add(words, 32), loaded, 320)
        }
        assertEq(words, abi.encode(plain), "the same words");
        assertEq(abi.encode(loaded.unpack().terms), abi.encode(terms), "the same terms");
    }

    /// @dev A pool's accounts changed together are what they are when changed one after the other.
    function testFuzz_accountsChangeTogetherAsOneByOne(
        uint256 word,
        uint96 capital,
        uint56 locked,
        uint56 reserved,
        uint24 open
    ) external view {
        Ledger ledger = Ledger.wrap(word);
        Ledger plain = ledger.withCapital(capital).withLocked(locked).withReserved(reserved).withOpenSeries(open);
        assertEq(Ledger.unwrap(this.together(ledger, capital, locked, reserved, open)), Ledger.unwrap(plain), "as one");
    }

    function test_eachAccountHoldsToItsLastUnit() external {
        Ledger ledger = Ledger.wrap(0);
        (uint256 capital, uint256 units, uint256 open) = (type(uint96).max, type(uint56).max, type(uint24).max);
        Ledger full = this.together(ledger, capital, units, units, open);
        assertEq(full.capital(), capital, "capital");
        assertEq(full.locked(), units, "locked");
        assertEq(full.reserved(), units, "reserved");
        assertEq(full.openSeries(), open, "open series");
        vm.expectRevert(IUnderwritingPool.PoolFull.selector);
        this.together(ledger, capital + 1, 0, 0, 0);
        vm.expectRevert(IUnderwritingPool.PoolFull.selector);
        this.together(ledger, 0, units + 1, 0, 0);
        vm.expectRevert(IUnderwritingPool.PoolFull.selector);
        this.together(ledger, 0, 0, units + 1, 0);
        vm.expectRevert(IUnderwritingPool.PoolFull.selector);
        this.together(ledger, 0, 0, 0, open + 1);
    }

    function together(
        Ledger ledger,
        uint256 capital,
        uint256 locked,
        uint256 reserved,
        uint256 open
    ) external pure returns (Ledger) {
        return ledger.withAccounts(capital, locked, reserved, open);
    }

    /// @dev I5: blocked holders and a paused currency hold up neither the settlement nor, in the end, any money.
    function testFuzz_I5_settlementAlwaysFinishesAndAllMoneyIsReached(
        uint8 blockedMask,
        bool paused,
        uint8 max
    ) external {
        BlocklistToken usd = new BlocklistToken();
        deploySuite(usd);
        invest(pool, INVESTOR, 1_000e6);
        SeriesId series = registry.openSeries(termsFrom(START));
        for (uint160 i; i < 6; ++i) buy(series, address(0xF000 + i), 100e6, 1e6);
        observe(START, 150);
        for (uint160 i; i < 6; ++i) if (blockedMask & (1 << i) != 0) usd.setBlocked(address(0xF000 + i), true);
        usd.setPaused(paused);
        book.decide(series, "", 0);
        for (uint256 turns; book.accountOf(series).state == SeriesState.Paying; ++turns) {
            book.settle(series, uint16(1 + (max % 6)));
            assertLe(turns, 6, "it ends");
        }
        usd.setPaused(false);
        for (uint160 i; i < 6; ++i) {
            address holder = address(0xF000 + i);
            uint256 owed = pool.claimable(holder);
            if (owed != 0) {
                vm.prank(holder);
                pool.claim(address(0xE000 + i));
            }
            assertEq(usd.balanceOf(holder) + usd.balanceOf(address(0xE000 + i)), 50e6, "each has their money");
        }
        uint256 shares = pool.balanceOf(INVESTOR);
        vm.prank(INVESTOR);
        pool.requestWithdrawal(shares);
        vm.warp(START + SEASON + COOLDOWN);
        assertEq(pool.serveWithdrawals(1), 1, "the investor leaves");
        assertLe(usd.balanceOf(address(pool)), 1, "and nothing stays behind");
    }

    /// @dev I7: the index of a series lies between the honest values, whatever a minority of the report signs.
    function testFuzz_I7_aLyingMinorityDoesNotMoveTheIndexPastHonestValues(int128 lie, uint8 liar) external {
        SensorFeeds sensors = new SensorFeeds(address(manager), 1 days);
        SensorKey[] memory keys = new SensorKey[](3);
        for (uint256 i; i < 3; ++i)
            keys[i] = SensorKey(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(0x5E50 + i)))), 0);
        FeedId feed = sensors.createFeed(FeedDescription("rain", "mm", 0, 0, 5_000, 2 days, 0, 64), keys, 3);
        Terms memory terms = termsFrom(START);
        terms.feeds = IFeedReader(address(sensors));
        terms.feed = feed;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        vm.warp(START);
        int128[3] memory values = [int128(140), 150, 160];
        uint256 who = liar % 3;
        values[who] = lie;
        int128 low = who == 0 ? int128(150) : int128(140);
        int128 high = who == 2 ? int128(150) : int128(160);
        sensors.submit(feed, _report(sensors, feed, values));
        (int256 index, ) = recourse.preview(series, "");
        assertTrue(index >= low && index <= high, "I7");
    }

    /// @dev I10: a quote for one book says nothing in another one, even on the same chain with the same key.
    function test_I10_aQuoteForOneBookIsWorthNothingInAnother() external {
        (Quote memory quote, bytes memory signature) = quoteFor(_series, ANA, 10e18, 1e18);
        PolicyBook other = new PolicyBook(address(manager), registry, recourse);
        address key = vm.addr(PRICING_KEY);
        other.setQuoteKey(key, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, key));
        vm.prank(ANA);
        other.buy(quote, key, signature);
    }

    /// @dev Pitfall 9: blocks are thrown away between trigger and payout; whoever pushes again, in whatever pieces, the
    /// outcome is the same.
    function test_pitfall9_aReorgBetweenTriggerAndPayoutChangesNobodysMoney() external {
        uint256[3] memory first = _paidAfter(true);
        uint256[3] memory again = _paidAfter(false);
        for (uint256 i; i < 3; ++i) assertEq(first[i], again[i], "the same");
        assertEq(first[0], 33e18, "a third of the first sum");
    }

    function test_dustGoesBackToTheInvestors() external {
        buy(_series, ANA, 3 * UNIT, UNIT);
        buy(_series, BEN, 3 * UNIT, UNIT);
        observe(START, 150);
        book.decide(_series, "", 0);
        (, , uint256 reserved, ) = pool.balances();
        assertEq(reserved, 3 * UNIT, "half of six");
        vm.expectEmit();
        emit IPolicySettlement.SeriesClosed(_series, 1);
        book.settle(_series, 2);
        (, , reserved, ) = pool.balances();
        assertEq(reserved, 0, "nothing is kept back");
        assertEq(money.balanceOf(ANA) + money.balanceOf(BEN), 2 * UNIT, "each rounded down");
    }

    /// @dev Premium of a window that is over backs new cover without anybody's help.
    function test_earnedPremiumBecomesCapitalWhenItIsNeeded() external {
        buy(_series, ANA, 500e18, 100e18);
        observe(START, 0);
        book.decide(_series, "", 0);
        vm.warp(START + SEASON);
        SeriesId next = registry.openSeries(termsFrom(START + 3 * SEASON));
        bytes4 full = IUnderwritingPool.PoolCapacityExceeded.selector;
        _refuse(next, 1_100e18, UNIT, abi.encodeWithSelector(full, 1_100e6, 1_000e6));
        vm.warp(START + SEASON + 1);
        assertEq(pool.freeAssets(), 1_100e18, "free");
        buy(next, BEN, 1_100e18, UNIT);
        assertEq(pool.freeAssets(), 0, "all of it is bound");
    }

    /// @dev A window that is over is used again, without what was earned in it being lost.
    function test_aWindowIsUsedAgainWhenItsPremiumIsCapital() external {
        buy(_series, ANA, 500e18, 100e18);
        observe(START, 0);
        book.decide(_series, "", 0);
        vm.warp(START + SEASON + 1);
        vm.expectEmit();
        emit IUnderwritingPool.SeriesAccepted(SeriesId.wrap(2), START + 3 * SEASON, START + 4 * SEASON, 0);
        registry.openSeries(termsFrom(START + 3 * SEASON));
        assertEq(pool.totalAssets(), 1_100e18, "nothing is lost");
        assertEq(pool.freeAssets(), 1_100e18, "and all of it is free");
    }

    function test_seriesThatBeginTogetherAndEndApartEarnApart() external {
        Terms memory terms = termsFrom(START);
        terms.end += SEASON;
        vm.expectEmit();
        emit IUnderwritingPool.SeriesAccepted(SeriesId.wrap(2), START, START + 2 * SEASON, 1);
        SeriesId longer = registry.openSeries(terms);
        buy(longer, ANA, 500e18, 100e18);
        vm.warp(START + SEASON);
        assertEq(pool.totalAssets(), 1_050e18, "half of the longer one's");
    }

    function test_aSeriesWithoutPoliciesEndsWithNothingReserved() external {
        SeriesId silent = registry.openSeries(termsFrom(START));
        assertEq(pool.openSeries(), 2, "two are open");
        observe(START, 200);
        assertEq(book.decide(_series, "", 0), 10_000, "the index paid, but nobody");
        vm.warp(START + SEASON + 7 days + 180 days + 1);
        recourse.refund(silent, 0, 0);
        for (uint64 i = 1; i <= 2; ++i) {
            SeriesId series = SeriesId.wrap(i);
            assertEq(uint256(book.accountOf(series).state), uint256(SeriesState.None), "settled at once");
            assertEq(book.settle(series, 9), 0, "nothing to settle");
        }
        assertEq(pool.openSeries(), 0, "none is open");
    }

    function test_whatLayersCarryCanBeRead() external {
        deploySuite(new TestToken("Euro", "EUR", 18));
        tower.setLayers(address(pool), layers());
        invest(pool, INVESTOR, 1_000e18);
        invest(quota, INVESTOR, 1_000e18);
        invest(senior, INVESTOR, 1_000e18);
        SeriesId series = registry.openSeries(termsFrom(START));
        buy(series, ANA, 100e18, 10e18);
        buy(series, BEN, 100e18, 10e18);
        (uint64[] memory exposures, uint64[] memory premiums) = tower.carriedOf(address(pool), series);
        assertEq(exposures[0], 40e6, "a fifth");
        assertEq(exposures[1], 80e6, "four fifths of the upper half");
        assertEq(premiums[0], 38e5, "19 % of the premium");
        assertEq(premiums[1], 3e6, "15 % of the premium");
        assertFalse(pool.salesPaused(), "on sale");
        quota.setSalesPaused(true);
        assertTrue(quota.salesPaused(), "a layer's sales can be paused as well");
        _refuse(series, 10e18, 1e18, abi.encodeWithSelector(IUnderwritingPool.PoolSalesPaused.selector));
    }

    function test_whatRoundingLeavesGoesBackToThePoolWhenOneCallDecidesAndPays() external {
        _leaveRest();
        vm.expectEmit();
        emit IPolicySettlement.PolicyPaid(uint256(1) << 32, address(0xF000), 330_000 * UNIT);
        vm.expectEmit();
        emit IPolicySettlement.SeriesClosed(_series, 2);
        assertEq(book.settle(_series, 3), 3, "all");
        _requireRestBack();
    }

    function test_whatRoundingLeavesGoesBackToThePoolWhenPaidInPieces() external {
        _leaveRest();
        book.decide(_series, "", 0);
        book.settle(_series, 2);
        (uint256 accounted, , uint256 reserved, ) = pool.balances();
        assertEq(reserved, 330_002 * UNIT, "one policy and the rest");
        assertEq(accounted, money.balanceOf(address(pool)), "which are there");
        book.settle(_series, 2);
        _requireRestBack();
    }

    function test_theAccountOfASeriesSaysWhatWasSoldCancelledAndDecided() external {
        Terms memory terms = termsFrom(START);
        terms.cancelUntil = START;
        SeriesId series = registry.openSeries(terms);
        uint256 policyId = buy(series, ANA, 100e18, 10e18);
        buy(series, BEN, 50e18, 5e18);
        vm.prank(ANA);
        book.cancel(policyId);
        SeriesAccount memory account = book.accountOf(series);
        assertEq(account.exposure, 50e6, "insured");
        assertEq(account.premium, 5e6, "of its premium");
        assertEq(account.count, 2, "sold");
        observe(START, 150);
        book.decide(series, "", 1);
        account = book.accountOf(series);
        assertEq(account.exposure, 25e6, "set aside");
        assertEq(account.payoutBps, 5_000, "half");
        assertEq(account.decidedAt, block.timestamp, "now");
        assertEq(account.cursor, 1, "past the one that was cancelled");
        assertEq(uint256(account.state), uint256(SeriesState.Paying), "Ben is still to be paid");
    }

    function test_onlyWhomTheManagerNamesDoesWhatIsRestricted() external {
        Terms memory terms = termsFrom(START);
        _refuseStranger();
        registry.openSeries(terms);
        _refuseStranger();
        book.setQuoteKey(BEN, 1);
        _refuseStranger();
        pool.setZoneCap(1, 1);
        _refuseStranger();
        pool.setPoolCap(1);
        _refuseStranger();
        pool.setSalesPaused(true);
        Layer[] memory stack = layers();
        _refuseStranger();
        tower.setLayers(address(pool), stack);
    }

    function test_aFaultyBookTakesNoMoreThanIsSetAside() external {
        deploySuite(new TestToken("Euro", "EUR", 6));
        UnderwritingPool own = _ownPool(1_000e6);
        SeriesId series = SeriesId.wrap(1);
        uint8 window = own.accept(series, START, START + SEASON, START + SEASON);
        own.write(series, Covers.pack(100e6, 0, 100e6, 0, window), address(this));
        uint256[] memory payees = new uint256[](1);
        payees[0] = (uint256(50e6 + 1) << 160) | uint160(BEN);
        bytes4 full = IUnderwritingPool.PoolFull.selector;
        Decision half = Decisions.payout(100e6, 50e6, 0, 5_000);

        vm.expectRevert(abi.encodeWithSelector(IUnderwritingPool.PoolReserveExceeded.selector, 50e6 + 1, 50e6));
        own.applyOutcome(series, half, payees, 0);
        payees[0] -= 1 << 160;
        vm.expectRevert(abi.encodeWithSelector(IUnderwritingPool.PoolReserveExceeded.selector, 50e6 + 1, 50e6));
        own.applyOutcome(series, half, payees, 1);
        vm.expectRevert(abi.encodeWithSelector(full));
        own.applyOutcome(series, Decisions.payout(100e6 + 1, 50e6, 0, 5_000), payees, 0);
        vm.expectRevert(abi.encodeWithSelector(full));
        own.applyOutcome(series, Decisions.payout(100e6, 1_000e6 + 1, 0, 5_000), payees, 0);
        own.applyOutcome(series, half, payees, 0);
        assertEq(money.balanceOf(BEN), 50e6, "paid once");
        // Nothing is set aside any more, and no series is open.
        vm.expectRevert(abi.encodeWithSelector(IUnderwritingPool.PoolReserveExceeded.selector, 50e6, 0));
        own.applyOutcome(series, Decision.wrap(0), payees, 0);
        vm.expectRevert(abi.encodeWithSelector(full));
        own.applyOutcome(series, Decisions.payout(0, 0, 0, 0), new uint256[](0), 0);
    }

    function test_aCurrencyWithMoreDecimalsThanASeriesCanKeepIsRefused() external {
        deploySuite(new TestToken("Fine", "FNE", 25));
        assertEq(pool.unit(), 1e19, "the finest");
        TestToken finer = new TestToken("Finer", "FNR", 26);
        vm.expectRevert(abi.encodeWithSelector(IUnderwritingPool.PoolFull.selector));
        new UnderwritingPool(finer, "", "", address(manager), address(book), address(0), address(0), 0);
    }

    /// @dev A pool without a cooldown whose book and investor is this test.
    function _ownPool(uint256 capital) private returns (UnderwritingPool own) {
        own = new UnderwritingPool(money, "", "", address(manager), address(this), address(0), address(0), 0);
        TestToken(address(money)).mint(address(this), capital);
        money.approve(address(own), capital);
        own.deposit(capital, address(this));
    }

    /// @dev What a data URI with this head holds.
    function _decoded(string memory uri, string memory head) private pure returns (string memory) {
        assertTrue(LibString.startsWith(uri, head), head);
        return string(Base64.decode(LibString.slice(uri, bytes(head).length)));
    }

    function _refuseStranger() private {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, BEN));
        vm.prank(BEN);
    }

    /// @dev 33 % of 1,000,003 units is just below 330,001: of three of them the reserve holds two units more than is paid.
    function _leaveRest() private {
        for (uint160 i; i < 3; ++i) buy(_series, address(0xF000 + i), 1e18 + 3 * UNIT, UNIT);
        observe(START, 133);
    }

    function _requireRestBack() private view {
        (uint256 accounted, , uint256 reserved, uint256 locked) = pool.balances();
        assertEq(accounted, 1_000e18 + 3 * UNIT - 3 * 330_000 * UNIT, "to the token");
        assertEq(accounted, money.balanceOf(address(pool)), "which are there");
        assertEq(reserved, 0, "nothing is set aside any more");
        assertEq(locked, 0, "nor locked");
    }

    function _paidAfter(bool inPieces) private returns (uint256[3] memory paid) {
        deploySuite(new TestToken("Euro", "EUR", 18));
        invest(pool, INVESTOR, 1_000e18);
        SeriesId series = registry.openSeries(termsFrom(START));
        for (uint160 i; i < 3; ++i) buy(series, address(0xF000 + i), 100e18 + i * 1e18, 1e18);
        observe(START, 133);
        if (inPieces) {
            book.decide(series, "", 0);
            book.settle(series, 2);
            book.settle(series, 1);
        } else {
            vm.warp(block.timestamp + 3 hours);
            vm.prank(BEN);
            book.settle(series, 9);
        }
        for (uint160 i; i < 3; ++i) paid[i] = money.balanceOf(address(0xF000 + i));
    }

    /// @dev The readings in the order of their values, as a report must be.
    function _report(SensorFeeds sensors, FeedId feed, int128[3] memory values) private returns (bytes memory report) {
        report = abi.encodePacked(uint32(1), START, uint16(1));
        bool[3] memory done;
        for (uint256 turn; turn < 3; ++turn) {
            uint256 least = 3;
            for (uint256 i; i < 3; ++i) if (!done[i] && (least == 3 || values[i] < values[least])) least = i;
            done[least] = true;
            bytes32 digest = sensors.hashReading(feed, 1, START, values[least], 1);
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(0x5E50 + least, digest);
            bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
            report = abi.encodePacked(report, uint8(least), values[least], r, vs);
        }
    }

    function _refuse(SeriesId series, uint256 sum, uint256 premium, bytes memory reason) private {
        (Quote memory quote, bytes memory signature) = quoteFor(series, BEN, sum, premium);
        fund(BEN, premium, address(pool));
        address key = vm.addr(PRICING_KEY);
        vm.expectRevert(reason);
        vm.prank(BEN);
        book.buy(quote, key, signature);
    }
}
