// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUnderwritingPool, SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {Cover, Covers} from "../../contracts/insurance/libraries/Covers.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IPolicyBook, Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {IPolicySettlement, SeriesState} from "../../contracts/insurance/interfaces/IPolicySettlement.sol";
import {ISeriesRecourse} from "../../contracts/insurance/interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry, Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {IReinsuranceTower, Layer} from "../../contracts/insurance/interfaces/IReinsuranceTower.sol";
import {IndexKind} from "../../contracts/insurance/libraries/IndexEngine.sol";
import {Decisions} from "../../contracts/insurance/libraries/Decisions.sol";
import {UnderwritingPool} from "../../contracts/insurance/UnderwritingPool.sol";
import {BlocklistToken, FeeToken, ReentrantToken, SilentToken} from "../../contracts/mocks/HostileTokens.sol";
import {ScriptedFeeds} from "../../contracts/mocks/ScriptedFeeds.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {InsuranceFixture} from "./InsuranceFixture.sol";

/// @dev What goes wrong in parametric insurance elsewhere, and that it does not here. Every refusal of the contracts.
contract InsurancePitfalls is InsuranceFixture {
    SeriesId private _series;

    function setUp() public {
        deploySuite(new TestToken("Euro", "EUR", 18));
        invest(pool, INVESTOR, 1_000e18);
        _series = registry.openSeries(termsFrom(START));
    }

    function refuse(bytes memory reason) private {
        vm.expectRevert(reason);
    }

    // ── 1: anti-selection ───────────────────────────────────────────────────────────────────────────────────────────

    function test_pitfall1_salesStopALeadTimeBeforeTheWindow() external {
        vm.warp(START - 1 days - 1);
        buy(_series, ANA, 10e18, 1e18);
        vm.warp(START - 1 days);
        (Quote memory quote, bytes memory signature) = quoteFor(_series, ANA, 10e18, 1e18);
        address key = vm.addr(PRICING_KEY);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicySalesEnded.selector, _series, START - 1 days));
        vm.prank(ANA);
        book.buy(quote, key, signature);
    }

    // ── 2: leaving before a payout, entering before a premium ───────────────────────────────────────────────────────

    function testFuzz_pitfall2_anInvestorCannotLeaveBetweenEventAndTrigger(uint256 wait) external {
        buy(_series, ANA, 500e18, 50e18);
        observe(START, 200);
        uint256 shares = pool.balanceOf(INVESTOR);
        vm.prank(INVESTOR);
        pool.requestWithdrawal(shares);
        vm.warp(block.timestamp + bound(wait, 0, 35 days));
        assertEq(pool.serveWithdrawals(1), 0, "not before the trigger");
        book.settle(_series, 1);
        vm.warp(START + SEASON + COOLDOWN);
        assertEq(pool.serveWithdrawals(1), 1, "then at the later price");
        assertLe(money.balanceOf(INVESTOR), 550e18, "the loss was borne");
        assertGe(money.balanceOf(INVESTOR) + 10, 550e18, "and the premium earned");
    }

    function testFuzz_pitfall2_premiumIsEarnedEvenlyAndNotBeforeItsTime(uint256 time) external {
        buy(_series, ANA, 500e18, 50e18);
        assertEq(pool.totalAssets(), 1_000e18, "nothing before the window");
        time = bound(time, 0, SEASON);
        vm.warp(START + time);
        uint256 earned = pool.totalAssets() - 1_000e18;
        assertLe(earned, (50e18 * time) / SEASON, "rounded against the investors");
        assertGe(earned + 1, (50e18 * time) / SEASON, "by less than a base unit");
        vm.warp(START + SEASON);
        assertEq(pool.totalAssets(), 1_050e18, "everything after it");
    }

    function test_pitfall2_aDecisionDoesNotSpeedUpTheEarningOfPremium() external {
        buy(_series, ANA, 500e18, 50e18);
        observe(START, 0);
        uint256 before = pool.totalAssets();
        book.decide(_series, "", 0);
        assertEq(pool.totalAssets(), before, "nothing to catch for who enters now");
    }

    function test_pitfall2_aLossIsReservedAtTheTriggerNotAtPayment() external {
        buy(_series, ANA, 500e18, 50e18);
        observe(START, 200);
        uint256 before = pool.totalAssets();
        book.decide(_series, "", 0);
        assertEq(before - pool.totalAssets(), 500e18, "at once");
        (, , uint256 reserved, uint256 locked) = pool.balances();
        assertEq(reserved, 500e18, "reserved");
        assertEq(locked, 0, "no longer locked");
    }

    // ── 3: inflation and donation ───────────────────────────────────────────────────────────────────────────────────

    function testFuzz_pitfall3_aDonationChangesNothing(uint256 amount) external {
        uint256 price = pool.convertToAssets(1e21);
        money.mint(address(pool), bound(amount, 1, 1e30));
        assertEq(pool.convertToAssets(1e21), price, "price");
        assertEq(pool.freeAssets(), 1_000e18, "capital");
    }

    function testFuzz_pitfall3_theFirstDepositorCannotTakeTheSecondOnesMoney(uint256 first, uint256 gift) external {
        UnderwritingPool fresh = deployPool(address(book), address(0), address(0));
        invest(fresh, BEN, bound(first, 1, 1e18));
        money.mint(address(fresh), bound(gift, 0, 1e24));
        invest(fresh, ANA, 100e18);
        assertGe(fresh.convertToAssets(fresh.balanceOf(ANA)) + 1, 100e18, "nothing lost");
    }

    // ── 4: hostile tokens ───────────────────────────────────────────────────────────────────────────────────────────

    function test_pitfall4_aTokenThatCallsBackFindsEveryDoorShut() external {
        ReentrantToken hook = new ReentrantToken();
        deploySuite(hook);
        invest(pool, INVESTOR, 1_000e18);
        _series = registry.openSeries(termsFrom(START));
        buy(_series, ANA, 100e18, 1e18);
        buy(_series, BEN, 100e18, 1e18);
        observe(START, 200);
        book.decide(_series, "", 0);
        hook.arm(address(book), abi.encodeCall(IPolicySettlement.settle, (_series, 1)));
        book.settle(_series, 1);
        assertFalse(hook.lastSucceeded(), "no second payment inside the first");
        assertEq(money.balanceOf(ANA), 100e18, "paid once");
        assertEq(money.balanceOf(BEN), 0, "not yet");
    }

    function test_pitfall4_aFeeTakingTokenIsRefusedAtTheDoor() external {
        deploySuite(new FeeToken());
        fund(INVESTOR, 100e18, address(pool));
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolShortReceipt.selector, 100e18, 99e18));
        vm.prank(INVESTOR);
        pool.deposit(100e18, INVESTOR);
        // What lies there already is no part of what arrives.
        money.mint(address(pool), 50e18);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolShortReceipt.selector, 100e18, 99e18));
        vm.prank(INVESTOR);
        pool.deposit(100e18, INVESTOR);
    }

    function test_pitfall4_aBlockedHolderHoldsNobodyUpAndCollectsElsewhere() external {
        BlocklistToken usd = new BlocklistToken();
        deploySuite(usd);
        invest(pool, INVESTOR, 1_000e6);
        _series = registry.openSeries(termsFrom(START));
        uint256 anas = buy(_series, ANA, 100e6, 1e6);
        buy(_series, BEN, 100e6, 1e6);
        observe(START, 200);
        usd.setBlocked(ANA, true);
        book.decide(_series, "", 0);
        vm.expectEmit();
        emit IPolicySettlement.PolicyPaid(anas, ANA, 100e6);
        vm.expectEmit();
        emit IUnderwritingPool.PaymentCredited(ANA, 100e6);
        book.settle(_series, 2);
        assertEq(usd.balanceOf(BEN), 100e6, "the next one is paid");
        assertEq(pool.claimable(ANA), 100e6, "credited");
        vm.expectEmit();
        emit IUnderwritingPool.CreditClaimed(ANA, address(0xA17), 100e6);
        vm.prank(ANA);
        pool.claim(address(0xA17));
        assertEq(usd.balanceOf(address(0xA17)), 100e6, "collected elsewhere");
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolNothingToDo.selector));
        vm.prank(ANA);
        pool.claim(ANA);
    }

    function test_pitfall4_aTokenThatFailsSilentlyIsNotBelieved() external {
        SilentToken silent = new SilentToken();
        deploySuite(silent);
        invest(pool, INVESTOR, 1_000e18);
        _series = registry.openSeries(termsFrom(START));
        buy(_series, ANA, 100e18, 1e18);
        observe(START, 200);
        silent.setFailing(true);
        book.settle(_series, 1);
        assertEq(pool.claimable(ANA), 100e18, "credited, not lost");
    }

    function test_pitfall4_tooLittleGasDoesNotTurnPaymentsIntoCredits() external {
        BlocklistToken usd = new BlocklistToken();
        deploySuite(usd);
        invest(pool, INVESTOR, 1_000e6);
        _series = registry.openSeries(termsFrom(START));
        buy(_series, ANA, 100e6, 1e6);
        observe(START, 200);
        book.decide(_series, "", 0);
        usd.setBlocked(ANA, true);
        uint256 refusals;
        for (uint256 gas = 30_000; gas < 200_000; gas += 2_000) {
            try book.settle{gas: gas}(_series, 1) {
                break;
            } catch (bytes memory reason) {
                if (bytes4(reason) == IUnderwritingPool.PoolGasTooLow.selector) ++refusals;
            }
        }
        assertGe(refusals, 1, "PoolGasTooLow");
    }

    // ── 5, 6: nobody decides, nobody completes, nobody stops ────────────────────────────────────────────────────────

    function test_pitfall6_payoutsGoOnWhileSalesArePausedAndTheAdministratorIsGone() external {
        buy(_series, ANA, 100e18, 1e18);
        vm.expectEmit();
        emit IUnderwritingPool.SalesPaused(true);
        pool.setSalesPaused(true);
        manager.renounceRole(0, address(this));
        (Quote memory quote, bytes memory signature) = quoteFor(_series, BEN, 10e18, 1e18);
        address key = vm.addr(PRICING_KEY);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolSalesPaused.selector));
        vm.prank(BEN);
        book.buy(quote, key, signature);
        observe(START, 150);
        vm.prank(BEN);
        book.settle(_series, 1);
        assertEq(money.balanceOf(ANA), 50e18, "half");
    }

    function test_pitfall5_nobodyButTheBookMovesThePoolAndNobodyButTheRegistryTheBook() external {
        Cover cover = Covers.pack(1, 0, 1, 0, 0);
        bytes memory unknown = abi.encodeWithSelector(IUnderwritingPool.PoolCallerUnknown.selector, address(this));
        refuse(unknown);
        pool.accept(_series, START, START + 1, START + 2);
        refuse(unknown);
        pool.write(_series, cover, INVESTOR);
        refuse(unknown);
        pool.release(_series, cover, INVESTOR, 0);
        refuse(unknown);
        pool.applyOutcome(_series, Decisions.payout(0, 0, 0, 10_000), new uint256[](0), 0);
        refuse(unknown);
        pool.draw(_series, 1, 1);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyCallerUnknown.selector, address(this)));
        book.accept(_series, IUnderwritingPool(address(pool)), START, START + 1, START + 2);
        unknown = abi.encodeWithSelector(IPolicySettlement.SettlementCallerUnknown.selector, address(this));
        refuse(unknown);
        book.conclude(_series, 200, 10_000);
        refuse(unknown);
        book.concludeWithoutData(_series);
    }

    // ── 7: units and bounds ─────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_pitfall7_payoutsRoundTowardsThePool(uint256 sum, int128 index) external {
        sum = bound(sum, 100, 900e6) * UNIT;
        index = int128(int256(bound(uint256(int256(index)), 101, 199)));
        buy(_series, ANA, sum, UNIT);
        observe(START, index);
        book.settle(_series, 1);
        uint256 exact = (sum * uint256(int256(index) - 100)) / 100;
        assertLe(money.balanceOf(ANA), exact, "never more");
        assertGe(money.balanceOf(ANA) + UNIT, exact, "less than a unit less");
    }

    function test_pitfall7_amountsAreWholeUnits() external {
        bytes4 invalid = IPolicyBook.PolicyAmountInvalid.selector;
        _refuseSale(1e18 + 1, 1e17, abi.encodeWithSelector(invalid, 1e18 + 1, UNIT));
        _refuseSale(1e18, 1e17 + 1, abi.encodeWithSelector(invalid, 1e17 + 1, UNIT));
        _refuseSale(0, 0, abi.encodeWithSelector(invalid, 0, UNIT));
        uint256 huge = uint256(1 << 48) * UNIT;
        _refuseSale(huge, 1e18, abi.encodeWithSelector(invalid, huge, UNIT));
    }

    // ── 8: silence ──────────────────────────────────────────────────────────────────────────────────────────────────

    function test_pitfall8_withoutDataPremiumsGoBackAfterTheGraceAndNotBefore() external {
        buy(_series, ANA, 100e18, 10e18);
        uint256 deadline = START + SEASON + 7 days;
        vm.warp(deadline);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseTooEarly.selector, _series, deadline + 1));
        recourse.refund(_series, 1, 0);
        vm.warp(deadline + 1);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseRoundAvailable.selector, _series, 2));
        recourse.refund(_series, 2, 0);
        vm.expectEmit();
        emit IPolicySettlement.SeriesRefunded(_series);
        recourse.refund(_series, 1, 0);
        assertEq(uint256(book.accountOf(_series).state), uint256(SeriesState.Refunding), "refunding");
        book.settle(_series, 9);
        assertEq(uint256(book.accountOf(_series).state), uint256(SeriesState.None), "refunded");
        assertEq(book.settle(_series, 9), 0, "nothing is refunded twice");
        assertEq(money.balanceOf(ANA), 10e18, "the whole premium");
    }

    function test_pitfall8_dataThatCameInTimeRuleOutARefundHoweverLateSomebodyDecides() external {
        buy(_series, ANA, 100e18, 10e18);
        observe(START, 200);
        vm.warp(START + SEASON + 100 days);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseRoundAvailable.selector, _series, 1));
        recourse.refund(_series, 1, 0);
        book.settle(_series, 1);
        assertEq(money.balanceOf(ANA), 100e18, "paid");
    }

    /// @dev One hole is enough, wherever it is, and only rounds of the series are asked for.
    function test_pitfall8_anyRoundOfTheSeriesCanBeTheMissingOne() external {
        Terms memory terms = termsFrom(START);
        (terms.firstRound, terms.lastRound) = (2, 4);
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        vm.warp(START + SEASON);
        feeds.set(FEED, 2, 0, START + 1);
        feeds.set(FEED, 4, 0, START + 3);
        vm.warp(START + SEASON + 7 days + 1);
        for (uint32 round = 1; round < 6; ++round) {
            if (round == 3) continue;
            refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseRoundAvailable.selector, series, round));
            recourse.refund(series, round, 0);
        }
        recourse.refund(series, 3, 0);
    }

    function test_pitfall8_littleGasCannotMakeDataLookMissing() external {
        buy(_series, ANA, 100e18, 10e18);
        observe(START, 200);
        vm.warp(START + SEASON + 8 days);
        bool refused;
        for (uint256 gas = 30_000; gas < 400_000; gas += 5_000) {
            try recourse.refund{gas: gas}(_series, 1, 0) {
                revert("refunded");
            } catch (bytes memory reason) {
                if (bytes4(reason) == ISeriesRecourse.RecourseGasTooLow.selector) refused = true;
            }
        }
        assertTrue(refused, "RecourseGasTooLow");
    }

    function test_pitfall8_dataOutsideTheWindowDoNotCount() external {
        buy(_series, ANA, 100e18, 10e18);
        bytes4 outside = IPolicySettlement.SettlementDataOutsideWindow.selector;
        vm.warp(START - 1);
        feeds.set(FEED, 1, 200, START - 1);
        refuse(abi.encodeWithSelector(outside, _series, 1, START - 1, START - 1));
        book.decide(_series, "", 0);
        vm.warp(START + SEASON + 7 days + 1);
        feeds.set(FEED, 1, 200, START + SEASON);
        refuse(abi.encodeWithSelector(outside, _series, 1, START + SEASON, block.timestamp));
        book.decide(_series, "", 0);
        recourse.refund(_series, 1, 0);
    }

    function test_pitfall8_aBrokenFeedCannotKeepTheMoney() external {
        buy(_series, ANA, 100e18, 10e18);
        observe(START, 200);
        vm.warp(START + SEASON + 7 days + 180 days);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseRoundAvailable.selector, _series, 1));
        recourse.refund(_series, 1, 0);
        vm.warp(block.timestamp + 1);
        recourse.refund(_series, 0, 0);
        book.settle(_series, 1);
        assertEq(money.balanceOf(ANA), 10e18, "the last resort");
    }

    // ── 10: accumulation ────────────────────────────────────────────────────────────────────────────────────────────

    function test_pitfall10_capsHoldForSeriesZoneAndPool() external {
        vm.expectEmit();
        emit IUnderwritingPool.ZoneCapChanged(7, 50e6);
        pool.setZoneCap(7, 50e6);
        Terms memory terms = termsFrom(START);
        terms.zone = 7;
        SeriesId zoned = registry.openSeries(terms);
        buy(zoned, ANA, 50e18, 1e18);
        bytes memory full = abi.encodeWithSelector(IUnderwritingPool.PoolZoneCapExceeded.selector, 7, 51e6, 50e6);
        _refuseSaleOf(zoned, 1e18, 1e17, full);
        terms.zone = 0;
        terms.capacity = 60e18;
        SeriesId small = registry.openSeries(terms);
        buy(small, ANA, 60e18, 1e18);
        full = abi.encodeWithSelector(IPolicyBook.PolicySeriesCapExceeded.selector, small, 61e6, 60e6);
        _refuseSaleOf(small, 1e18, 1e17, full);
        vm.expectEmit();
        emit IUnderwritingPool.PoolCapChanged(120e6);
        pool.setPoolCap(120e6);
        full = abi.encodeWithSelector(IUnderwritingPool.PoolCapacityExceeded.selector, 121e6, 120e6);
        _refuseSaleOf(_series, 11e18, 1e18, full);
        buy(_series, ANA, 10e18, 1e18);
        pool.setPoolCap(type(uint64).max);
        full = abi.encodeWithSelector(IUnderwritingPool.PoolCapacityExceeded.selector, 1_001e6, 1_000e6);
        _refuseSaleOf(_series, 881e18, 1e18, full);
        buy(_series, ANA, 880e18, 1e18);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolNothingToDo.selector));
        pool.setZoneCap(0, 1);
    }

    // ── settlement ──────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_I3_payoutsDoNotDependOnChunking(uint256 seed, uint256 count) external {
        count = bound(count, 1, 12);
        uint256[] memory sums = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            sums[i] = bound(uint256(keccak256(abi.encode(seed, i))), 1e4, 80e6) * UNIT;
            buy(_series, address(uint160(0xF000 + i)), sums[i], UNIT);
        }
        observe(START, 133);
        book.decide(_series, "", 0);
        for (uint256 step; book.accountOf(_series).state == SeriesState.Paying; ++step)
            book.settle(_series, uint16(1 + (uint256(keccak256(abi.encode(seed, "max", step))) % 4)));
        for (uint256 i; i < count; ++i) {
            uint256 payout = ((sums[i] / UNIT) * 3300) / 10_000;
            assertEq(money.balanceOf(address(uint160(0xF000 + i))), payout * UNIT, "each as if alone");
        }
        assertEq(book.settle(_series, 9), 0, "nothing is paid twice");
    }

    function test_I9_aBatchAtTheGasCapIsBounded() external {
        for (uint256 i; i < 60; ++i) buy(_series, address(uint160(0xF000 + i)), 1e18, UNIT);
        observe(START, 200);
        book.decide(_series, "", 0);
        uint256 gas = gasleft();
        book.settle(_series, 20);
        uint256 twenty = gas - gasleft();
        gas = gasleft();
        book.settle(_series, 40);
        uint256 forty = gas - gasleft();
        assertLe(forty, 2 * twenty + 60_000, "linear: a + b k");
        assertLe((forty * 400) / 40, 16_777_216, "400 policies fit the transaction gas cap");
    }

    function test_theStatesAllowOnlyTheirSteps() external {
        buy(_series, ANA, 10e18, 1e18);
        SeriesId other = SeriesId.wrap(99);
        refuse(abi.encodeWithSelector(ISeriesRegistry.PolicySeriesUnknown.selector, other));
        book.decide(other, "", 0);
        refuse(abi.encodeWithSelector(ISeriesRegistry.PolicySeriesUnknown.selector, other));
        registry.seriesOf(other);
        bytes4 wrong = IPolicySettlement.SettlementSeriesState.selector;
        refuse(abi.encodeWithSelector(ScriptedFeeds.ScriptedRoundMissing.selector, FEED, 1));
        book.settle(_series, 1);
        observe(START, 200);
        vm.expectEmit();
        emit IPolicySettlement.SeriesDecided(_series, 200, 10_000);
        book.decide(_series, "", 0);
        assertEq(book.accountOf(_series).exposure, 10e6, "set aside");
        refuse(abi.encodeWithSelector(wrong, _series, SeriesState.Paying));
        book.decide(_series, "", 0);
        assertEq(book.settle(_series, 9), 1, "paid");
        refuse(abi.encodeWithSelector(wrong, _series, SeriesState.None));
        book.decide(_series, "", 0);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyFrozen.selector, uint256(1) << 32));
        vm.prank(ANA);
        book.transferFrom(ANA, BEN, uint256(1) << 32);
        vm.warp(START + SEASON + 8 days);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseRoundAvailable.selector, _series, 1));
        recourse.refund(_series, 1, 0);
    }

    function test_theFallbackDecidesWhenTheFirstFeedIsSilentAndOnlyThen() external {
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseNoFallback.selector, _series));
        recourse.decideByFallback(_series, 1, "");
        Terms memory terms = termsFrom(START);
        terms.fallbackFeeds = terms.feeds;
        terms.fallbackFeed = FALLBACK;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        vm.warp(START + SEASON);
        feeds.set(FALLBACK, 1, 150, START + SEASON);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseTooEarly.selector, series, START + SEASON + 7 days + 1));
        recourse.decideByFallback(series, 1, "");
        vm.warp(START + SEASON + 7 days + 1);
        assertEq(recourse.decideByFallback(series, 1, ""), 5000, "half, by the fallback");
        book.settle(series, 1);
        assertEq(money.balanceOf(ANA), 50e18, "paid");
    }

    function test_withAFallbackPremiumsGoBackOnlyWhenBothAreSilent() external {
        Terms memory terms = termsFrom(START);
        terms.fallbackFeeds = terms.feeds;
        terms.fallbackFeed = FALLBACK;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        uint256 last = START + SEASON + 14 days;
        vm.warp(last);
        refuse(abi.encodeWithSelector(ISeriesRecourse.RecourseTooEarly.selector, series, last + 1));
        recourse.refund(series, 1, 1);
        vm.warp(last + 1);
        recourse.refund(series, 1, 1);
    }

    function test_aPackedSeasonIsDecidedOnlyAsAttested() external {
        Terms memory terms = termsFrom(START);
        terms.seasonValues = 3;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        bytes memory season = hex"000a0096fff6";
        bytes16 digest = bytes16(keccak256(season));
        vm.warp(START + SEASON);
        feeds.set(FEED, 1, int128(uint128(digest)), START + SEASON);
        bytes memory other = hex"000a00c8fff6";
        bytes4 mismatch = IPolicySettlement.SettlementSeasonMismatch.selector;
        refuse(abi.encodeWithSelector(mismatch, series, digest, bytes16(keccak256(other))));
        book.decide(series, other, 0);
        (int256 index, uint256 bps) = recourse.preview(series, season);
        assertEq(index, 150, "the greatest of 10, 150 and -10");
        assertEq(bps, 5000, "half");
        book.decide(series, season, 1);
        assertEq(money.balanceOf(ANA), 50e18, "paid");
    }

    function test_dataWaitOutTheDisputeWindow() external {
        Terms memory terms = termsFrom(START);
        terms.disputeWindow = 2 days;
        SeriesId series = registry.openSeries(terms);
        buy(series, ANA, 100e18, 10e18);
        observe(START, 200);
        uint256 from = block.timestamp + 2 days;
        refuse(abi.encodeWithSelector(IPolicySettlement.SettlementDisputeOpen.selector, series, from));
        book.decide(series, "", 0);
        vm.warp(from - 1);
        refuse(abi.encodeWithSelector(IPolicySettlement.SettlementDisputeOpen.selector, series, from));
        book.decide(series, "", 0);
        vm.warp(from);
        book.decide(series, "", 0);
    }

    // ── the book ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_I10_aQuoteIsForOneBuyerOnceInTimeByAnAppointedKeyAndHereOnly() external {
        address key = vm.addr(PRICING_KEY);
        (Quote memory quote, bytes memory signature) = quoteFor(_series, ANA, 10e18, 1e18);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteNotYours.selector, ANA, address(this)));
        book.buy(quote, key, signature);

        vm.startPrank(ANA);
        vm.warp(block.timestamp + 1);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteExpired.selector, block.timestamp - 1));
        book.buy(quote, key, signature);
        quote.validUntil += 1;
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, key));
        book.buy(quote, key, signature);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, ANA));
        book.buy(quote, ANA, signature);
        quote.sequence = 1;
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteSequence.selector, 0, 1));
        book.buy(quote, key, signature);
        vm.stopPrank();

        quote.sequence = 0;
        signature = sign(quote);
        vm.chainId(5);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, key));
        vm.prank(ANA);
        book.buy(quote, key, signature);
    }

    function test_aStolenQuoteKeyIsBoundByFloorAndDailyLimit() external {
        Terms memory terms = termsFrom(START);
        terms.floorBps = 500;
        SeriesId floored = registry.openSeries(terms);
        bytes4 bounds = IPolicyBook.PolicyPremiumOutOfBounds.selector;
        uint256 low = 5e17 - UNIT;
        _refuseSaleOf(floored, 10e18, low, abi.encodeWithSelector(bounds, low, 5e17, 10e18));
        _refuseSaleOf(floored, 10e18, 11e18, abi.encodeWithSelector(bounds, 11e18, 5e17, 10e18));
        buy(floored, ANA, 10e18, 5e17);

        address key = vm.addr(PRICING_KEY);
        vm.expectEmit();
        emit IPolicyBook.QuoteKeyChanged(key, 15e6);
        book.setQuoteKey(key, 15e6);
        (uint256 limit, uint256 left) = book.quoteKeyOf(key);
        assertEq(limit, 15e6, "limit");
        assertEq(left, 5e6, "what was sold today counts");
        bytes4 spent = IPolicyBook.PolicyQuoteLimit.selector;
        _refuseSaleOf(floored, 6e18, 1e18, abi.encodeWithSelector(spent, key, 6e6, 5e6));
        vm.warp(block.timestamp + 1 days);
        buy(floored, ANA, 15e18, 1e18);
        _refuseSaleOf(floored, 1e18, 1e17, abi.encodeWithSelector(spent, key, 1e6, 0));
        book.setQuoteKey(key, 0);
        _refuseSaleOf(floored, 1e18, 1e17, abi.encodeWithSelector(IPolicyBook.PolicyQuoteInvalid.selector, key));
    }

    function test_aPolicyChangesHandsUntilTheOutcomeIsDecided() external {
        uint256 first = buy(_series, ANA, 10e18, 1e18);
        uint256 second = buy(_series, ANA, 10e18, 1e18);
        vm.prank(ANA);
        book.transferFrom(ANA, BEN, first);
        observe(START, 200);
        book.decide(_series, "", 0);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyFrozen.selector, second));
        vm.prank(ANA);
        book.transferFrom(ANA, BEN, second);
        book.settle(_series, 2);
        assertEq(money.balanceOf(BEN), 10e18, "paid to who held it");
        assertEq(money.balanceOf(ANA), 10e18, "each");
    }

    function testFuzz_aCancelledPolicyGetsTheUnearnedPremiumLessTheFee(uint256 time) external {
        Terms memory terms = termsFrom(START);
        terms.cancelUntil = START + SEASON / 2;
        terms.cancelFeeBps = 1000;
        SeriesId series = registry.openSeries(terms);
        uint256 policyId = buy(series, ANA, 100e18, 10e18);
        uint256 until = terms.cancelUntil;
        time = bound(time, block.timestamp, until);
        vm.warp(time);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyNotHolder.selector, policyId, BEN));
        vm.prank(BEN);
        book.cancel(policyId);
        vm.prank(ANA);
        uint256 refund = book.cancel(policyId);
        uint256 left = time <= START ? SEASON : START + SEASON - time;
        uint256 exact = (9e18 * left) / SEASON;
        assertLe(refund, exact, "never more");
        assertGe(refund + 2 * UNIT, exact, "two roundings less");
        assertEq(money.balanceOf(ANA), refund, "received");
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyUnknown.selector, policyId));
        vm.prank(ANA);
        book.cancel(policyId);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyUnknown.selector, policyId));
        book.tokenURI(policyId);
        observe(START + SEASON / 2, 200);
        book.settle(series, 9);
        assertEq(money.balanceOf(ANA), refund, "and nothing else");
    }

    function test_cancellationEndsWhenTheTermsSay() external {
        uint256 policyId = buy(_series, ANA, 10e18, 1e18);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyCancellationClosed.selector, policyId, 0));
        vm.prank(ANA);
        book.cancel(policyId);
        Terms memory terms = termsFrom(START);
        terms.cancelUntil = START;
        SeriesId series = registry.openSeries(terms);
        policyId = buy(series, ANA, 10e18, 1e18);
        vm.warp(START + 1);
        refuse(abi.encodeWithSelector(IPolicyBook.PolicyCancellationClosed.selector, policyId, START));
        vm.prank(ANA);
        book.cancel(policyId);
        vm.warp(START);
        vm.expectEmit();
        emit IPolicyBook.PolicyCancelled(policyId, ANA, 1e18);
        vm.prank(ANA);
        book.cancel(policyId);
    }

    function test_termsThatContradictThemselvesAreRefused() external {
        Terms memory terms = termsFrom(START);
        terms.leadTime = 30 days;
        _refuseTerms(terms, "start");
        terms = termsFrom(START);
        terms.end = terms.start;
        _refuseTerms(terms, "end");
        terms = termsFrom(START);
        terms.firstRound = 0;
        _refuseTerms(terms, "firstRound");
        terms.firstRound = 2;
        _refuseTerms(terms, "firstRound");
        terms.lastRound = 514;
        _refuseTerms(terms, "lastRound");
        terms.lastRound = 513;
        registry.openSeries(terms);
        terms = termsFrom(START);
        terms.seasonValues = 513;
        _refuseTerms(terms, "seasonValues");
        terms.seasonValues = 512;
        registry.openSeries(terms);
        terms.seasonValues = 1;
        terms.lastRound = 2;
        _refuseTerms(terms, "lastRound");
        terms = termsFrom(START);
        terms.cancelUntil = terms.end + 1;
        _refuseTerms(terms, "cancelUntil");
        terms = termsFrom(START);
        terms.cancelFeeBps = 10_001;
        _refuseTerms(terms, "cancelFeeBps");
        terms.cancelFeeBps = 10_000;
        registry.openSeries(terms);
        terms = termsFrom(START);
        terms.floorBps = 10_001;
        _refuseTerms(terms, "floorBps");
        terms.floorBps = 10_000;
        registry.openSeries(terms);
        terms = termsFrom(START);
        terms.index.tiers = 10_001 << 40;
        _refuseTerms(terms, "index");
        // Place and strength of an event do not fit into a packed value.
        terms = termsFrom(START);
        terms.index.kind = IndexKind.Magnitude;
        registry.openSeries(terms);
        terms.seasonValues = 1;
        _refuseTerms(terms, "index");
    }

    function test_termsAreReadAsTheyWereWritten() external {
        Terms memory terms = termsFrom(START + 1);
        terms.fallbackFeeds = terms.feeds;
        terms.fallbackFeed = FALLBACK;
        terms.seasonValues = 7;
        terms.cancelUntil = START + 5;
        terms.cancelFeeBps = 123;
        terms.floorBps = 77;
        terms.disputeWindow = 99;
        terms.zone = 0xFFFF_FFFE;
        terms.index.threshold = -5;
        terms.index.attachment = -6;
        terms.index.exit = type(int64).min;
        terms.index.tiers = 9_999 << 40;
        terms.index.area = type(uint128).max - 3;
        SeriesId series = registry.openSeries(terms);
        assertEq(abi.encode(registry.seriesOf(series).terms), abi.encode(terms), "all of them");
        assertEq(registry.seriesCount(), SeriesId.unwrap(series), "numbered");
        assertEq(registry.seriesOf(series).unit, UNIT, "with the pool's unit");
        assertEq(registry.seriesOf(series).window, 1, "and the window after the first one's");
    }

    // ── the pool ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_leavingGoesThroughTheQueueOnly() external {
        assertEq(pool.maxRedeem(INVESTOR), 0, "maxRedeem");
        assertEq(pool.maxWithdraw(INVESTOR), 0, "maxWithdraw");
        refuse(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxWithdraw.selector, INVESTOR, 1, 0));
        pool.withdraw(1, INVESTOR, INVESTOR);
        refuse(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, INVESTOR, 1, 0));
        pool.redeem(1, INVESTOR, INVESTOR);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolNothingToDo.selector));
        pool.requestWithdrawal(0);
    }

    function test_theQueueIsServedInOrderAfterTheCooldownAndFromFreeCapital() external {
        SeriesId series = _series;
        vm.startPrank(INVESTOR);
        pool.requestWithdrawal(600e21);
        pool.requestWithdrawal(400e21);
        vm.stopPrank();
        buy(series, ANA, 700e18, 10e18);
        vm.warp(START + SEASON + 14 days);
        assertEq(pool.serveWithdrawals(9), 0, "locked capital stays: only part of the first ticket goes");
        (uint256 head, uint256 tail) = pool.queue();
        assertEq(head, 0, "head");
        assertEq(tail, 2, "tail");
        assertLe(money.balanceOf(INVESTOR), 310e18, "what was free");
        assertGe(money.balanceOf(INVESTOR), 309e18, "all of it");
        recourse.refund(series, 1, 0);
        book.settle(series, 1);
        assertEq(pool.serveWithdrawals(9), 2, "then the rest, in order");
        assertGe(money.balanceOf(INVESTOR) + 10, 1_000e18, "everything");
    }

    function test_theCooldownIsExact() external {
        UnderwritingPool fresh = deployPool(address(book), address(0), address(0));
        invest(fresh, ANA, 1e18);
        vm.prank(ANA);
        vm.expectEmit();
        emit IUnderwritingPool.WithdrawalRequested(0, ANA, 1e20, uint40(block.timestamp) + COOLDOWN);
        fresh.requestWithdrawal(1e20);
        assertEq(fresh.ticketOf(0).shares, 1e20, "in escrow");
        vm.warp(block.timestamp + COOLDOWN - 1);
        assertEq(fresh.serveWithdrawals(1), 0, "a second early");
        vm.warp(block.timestamp + 1);
        vm.expectEmit();
        emit IUnderwritingPool.WithdrawalServed(0, ANA, 1e20, 1e17);
        assertEq(fresh.serveWithdrawals(1), 1, "in time");
    }

    function test_premiumMayNotExceedTheCapitalItPaysFor() external {
        bytes4 tooHigh = IUnderwritingPool.PoolPremiumTooHigh.selector;
        _refuseSale(10e18, 10e18, abi.encodeWithSelector(tooHigh, 10e6, 10e6));
        buy(_series, ANA, 10e18, 10e18 - UNIT);
    }

    function test_onlySixteenWindowsEarnAtATime() external {
        for (uint40 i = 1; i < 16; ++i) registry.openSeries(termsFrom(START + i));
        Terms memory terms = termsFrom(START + 16);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolWindowsFull.selector));
        registry.openSeries(terms);
        registry.openSeries(termsFrom(START + 3));
        (uint256 accounted, , , ) = pool.balances();
        assertEq(accounted, pool.totalAssets(), "all of them are read");
        assertEq(pool.freeAssets(), 1_000e18, "and none is over");
        vm.warp(START + SEASON);
        terms = termsFrom(START + 2 * SEASON);
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolWindowsFull.selector));
        registry.openSeries(terms);
        vm.warp(START + SEASON + 1);
        registry.openSeries(terms);
    }

    function test_aDepositBeyondTheAccountsIsRefused() external {
        UnderwritingPool fresh = deployPool(address(book), address(0), address(0));
        uint256 most = fresh.maxDeposit(ANA);
        fund(ANA, most + 1, address(fresh));
        vm.startPrank(ANA);
        refuse(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, ANA, most + 1, most));
        fresh.deposit(most + 1, ANA);
        fresh.deposit(most, ANA);
        assertEq(fresh.maxMint(ANA), 0, "full");
        vm.stopPrank();
    }

    function test_theAccountsNeverOverflow() external {
        UnderwritingPool fresh = deployPool(address(this), address(this), address(0));
        invest(fresh, ANA, fresh.maxDeposit(ANA));
        fresh.accept(_series, START, START + 1, START + 1);
        Cover cover = Covers.pack(1 << 56, 1, 1 << 56, 0, 0);
        fund(ANA, UNIT, address(fresh));
        refuse(abi.encodeWithSelector(IUnderwritingPool.PoolFull.selector));
        fresh.write(_series, cover, ANA);
    }

    // ── layers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_layersPayTheirSliceBeforeThePool(uint256 sum, int128 index) external {
        SeriesId series = layeredSeries();
        sum = bound(sum, 1e6, 900e6) * UNIT;
        index = int128(int256(bound(uint256(int256(index)), 101, 220)));
        buy(series, ANA, sum, (sum / UNIT / 10) * UNIT);
        _assertLocked(sum);
        observe(START, index);
        uint256[3] memory before = [pool.totalAssets(), quota.totalAssets(), senior.totalAssets()];
        uint256 bps = book.decide(series, "", 0);
        uint256 loss = ((sum / UNIT) * bps) / 10_000;
        uint256 above = bps > 5000 ? bps - 5000 : 0;
        _assertNear(before[1] - quota.totalAssets(), (loss * 2000) / 10_000, "a fifth from the quota share");
        _assertNear(before[2] - senior.totalAssets(), ((sum / UNIT) * above * 8000) / 1e8, "the slice above half");
        uint256 parts = before[0] + before[1] + before[2];
        parts -= pool.totalAssets() + quota.totalAssets() + senior.totalAssets();
        assertEq(parts, loss * UNIT, "and the parts are the whole");
        book.settle(series, 1);
        assertEq(money.balanceOf(ANA), loss * UNIT, "paid");
        _assertLocked(0);
    }

    function test_layersShareRefundsAndCancellations() external {
        SeriesId series = layeredSeries();
        (Quote memory quote, bytes memory signature) = quoteFor(series, ANA, 100e18, 10e18);
        fund(ANA, 10e18, address(pool));
        address key = vm.addr(PRICING_KEY);
        vm.expectEmit();
        emit IReinsuranceTower.RiskCeded(address(pool), series, 0, 20e6, 19e5);
        vm.prank(ANA);
        uint256 policyId = book.buy(quote, key, signature);
        assertEq(money.balanceOf(address(quota)) - 1_000e18, 19e17, "its part of the premium");
        buy(series, BEN, 100e18, 10e18);
        vm.prank(ANA);
        assertEq(book.cancel(policyId), 10e18, "whole before the start");
        _assertLocked(100e18);
        vm.warp(START + SEASON + 8 days);
        vm.expectEmit();
        emit IUnderwritingPool.LayerDrawn(series, address(pool), 19e5);
        recourse.refund(series, 1, 0);
        book.settle(series, 2);
        assertEq(money.balanceOf(BEN), 10e18, "refunded");
        assertEq(pool.totalAssets() + quota.totalAssets() + senior.totalAssets(), 3_000e18, "as before");
    }

    function test_layersAreCheckedAndChangeOnlyBetweenSeries() external {
        refuse(abi.encodeWithSelector(IReinsuranceTower.TowerInUse.selector, 1));
        tower.setLayers(address(pool), layers());
        deploySuite(new TestToken("Euro", "EUR", 18));
        Layer[] memory stack = layers();
        stack[1].shareBps = 8001;
        _refuseLayers(stack, 1);
        stack[1].shareBps = 8000;
        stack[1].premiumBps = 8101;
        _refuseLayers(stack, 1);
        stack[1].premiumBps = 8100;
        stack[1].fromBps = 10_000;
        _refuseLayers(stack, 1);
        stack[1].fromBps = 0;
        stack[1].toBps = 10_001;
        _refuseLayers(stack, 1);
        stack[1].toBps = 10_000;
        stack[1].pool = IUnderwritingPool(address(pool));
        _refuseLayers(stack, 1);
        _refuseLayers(new Layer[](5), 4);
        stack = layers();
        vm.expectEmit();
        emit IReinsuranceTower.LayersChanged(address(pool), stack);
        tower.setLayers(address(pool), stack);
        assertEq(tower.layersOf(address(pool)).length, 2, "kept");
    }

    // ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _assertLocked(uint256 sum) private view {
        (, , , uint256 first) = pool.balances();
        (, , , uint256 second) = quota.balances();
        (, , , uint256 third) = senior.balances();
        assertEq(first + second + third, sum, "locked, all in all");
    }

    function _assertNear(uint256 amount, uint256 units, string memory why) private pure {
        assertLe(amount, (units + 2) * UNIT, why);
        assertGe(amount + 2 * UNIT, units * UNIT, why);
    }

    function _refuseLayers(Layer[] memory stack, uint256 which) private {
        refuse(abi.encodeWithSelector(IReinsuranceTower.TowerLayerInvalid.selector, which));
        tower.setLayers(address(pool), stack);
    }

    function _refuseTerms(Terms memory terms, string memory field) private {
        refuse(abi.encodeWithSelector(ISeriesRegistry.PolicyTermsInvalid.selector, field));
        registry.openSeries(terms);
    }

    function _refuseSale(uint256 sum, uint256 premium, bytes memory reason) private {
        _refuseSaleOf(_series, sum, premium, reason);
    }

    function _refuseSaleOf(SeriesId series, uint256 sum, uint256 premium, bytes memory reason) private {
        (Quote memory quote, bytes memory signature) = quoteFor(series, BEN, sum, premium);
        fund(BEN, premium, address(pool));
        address key = vm.addr(PRICING_KEY);
        refuse(reason);
        vm.prank(BEN);
        book.buy(quote, key, signature);
    }
}
