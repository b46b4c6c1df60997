// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReinsuranceTower, Layer} from "../../contracts/insurance/interfaces/IReinsuranceTower.sol";
import {Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {UnderwritingPool} from "../../contracts/insurance/UnderwritingPool.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {InsuranceFixture} from "./InsuranceFixture.sol";

/// @dev What a tower of layers may be, and that it never costs the pool in front more than the pool agreed to.
contract InsuranceLayers is InsuranceFixture {
    function setUp() public {
        deploySuite(new TestToken("Euro", "EUR", 18));
    }

    // ── which towers there can be ───────────────────────────────────────────────────────────────────────────────────

    function test_fourWholeLayersMayLieOnTopOfEachOther() external {
        Layer[] memory stack = new Layer[](4);
        for (uint16 i; i < 4; ++i) {
            UnderwritingPool layer = deployPool(address(tower), address(pool), address(0));
            invest(layer, INVESTOR, 1_000e18);
            stack[i] = Layer(IUnderwritingPool(address(layer)), 10_000, i * 2500, (i + 1) * 2500, 2500);
        }
        tower.setLayers(address(pool), stack);
        assertEq(abi.encode(tower.layersOf(address(pool))), abi.encode(stack), "kept as they are");

        // 10.4 of 40 units are 10: the first quarter pays them, and the second, rounding 0.4 up, is not asked for more.
        SeriesId series = registry.openSeries(termsFrom(START));
        buy(series, ANA, 40 * UNIT, 4 * UNIT);
        observe(START, 126);
        book.settle(series, 1);
        for (uint256 i; i < 4; ++i) {
            (uint256 accounted, , , ) = stack[i].pool.balances();
            assertEq(accounted, 1_000e18 + UNIT - (i == 0 ? 10 * UNIT : 0), "capital and premium");
        }
        assertEq(money.balanceOf(ANA), 10 * UNIT, "paid by the layers");
    }

    /// @dev A layer that is not this tower's, another pool's, itself reinsured or of other money could not pay its part.
    function test_aLayerStandsBehindThisPoolAlone() external {
        UnderwritingPool[4] memory wrong;
        wrong[0] = deployPool(address(book), address(pool), address(0));
        wrong[1] = deployPool(address(tower), address(senior), address(0));
        wrong[2] = deployPool(address(tower), address(pool), address(tower));
        TestToken own = TestToken(address(money));
        money = new TestToken("Dollar", "USD", 18);
        wrong[3] = deployPool(address(tower), address(pool), address(0));
        money = own;
        Layer[] memory stack = layers();
        for (uint256 i; i < 4; ++i) {
            stack[1].pool = IUnderwritingPool(address(wrong[i]));
            vm.expectRevert(abi.encodeWithSelector(IReinsuranceTower.TowerLayerInvalid.selector, 1));
            tower.setLayers(address(pool), stack);
        }
        stack[1].pool = IUnderwritingPool(address(senior));
        tower.setLayers(address(pool), stack);
    }

    // ── what they carry ─────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Of 100 the layers carry 60: what the pool keeps of the premium has to be less than the 40 it carries itself.
    function test_thePremiumThePoolKeepsIsBelowWhatItCarriesItself() external {
        SeriesId series = layeredSeries();
        uint256 premium = 60_606_059 * UNIT;
        (Quote memory quote, bytes memory signature) = quoteFor(series, BEN, 100e18, premium);
        fund(BEN, premium, address(pool));
        address key = vm.addr(PRICING_KEY);
        vm.expectRevert(abi.encodeWithSelector(IUnderwritingPool.PoolPremiumTooHigh.selector, 100e6, 100e6));
        vm.prank(BEN);
        book.buy(quote, key, signature);
        buy(series, ANA, 100e18, premium - UNIT);
    }

    /// @dev What the accounts say lies in the pools, before anybody is paid and after.
    function test_whatTheLayersPayArrivesInThePoolInFrontOfThem() external {
        SeriesId series = layeredSeries();
        buy(series, ANA, 100e18, 10e18);
        observe(START, 175);
        book.decide(series, "", 0);
        _requireMoneyAsAccounted();
        // A fifth of 75, and 80 % of the 25 above half.
        assertEq(money.balanceOf(address(pool)), 1_000e18 + 10e18 - 3.4e18 + 15e18 + 20e18, "drawn");
        book.settle(series, 1);
        _requireMoneyAsAccounted();
        assertEq(money.balanceOf(ANA), 75e18, "paid");
    }

    function test_aDecidedSeriesIsCarriedNoMore() external {
        SeriesId series = layeredSeries();
        buy(series, ANA, 100e18, 10e18);
        observe(START, 150);
        book.decide(series, "", 0);
        (uint256 accounted, , , ) = senior.balances();
        assertEq(accounted, 1_001.5e18, "a layer that begins where the loss ends pays none of it");
        (uint64[] memory exposures, uint64[] memory premiums) = tower.carriedOf(address(pool), series);
        for (uint256 i; i < 2; ++i) {
            assertEq(exposures[i], 0, "exposure");
            assertEq(premiums[i], 0, "premium");
        }
        assertEq(quota.openSeries() + senior.openSeries(), 0, "nor open");
    }

    /// @dev Pool and layers keep the fee of what each of them had.
    function test_theFeeOfACancellationIsKeptByEachForItsPart() external {
        layeredSeries();
        Terms memory terms = termsFrom(START);
        (terms.cancelUntil, terms.cancelFeeBps) = (START, 5_000);
        uint256 policyId = buy(registry.openSeries(terms), ANA, 100e18, 100 * UNIT);
        vm.prank(ANA);
        assertEq(book.cancel(policyId), 50 * UNIT, "half");
        assertEq(money.balanceOf(ANA), 50 * UNIT, "received");
        assertEq(pool.totalAssets() - 1_000e18, 32 * UNIT, "66 less 34, which are 50 less what the layers gave");
        assertEq(quota.totalAssets() - 1_000e18, 10 * UNIT, "19 less 9");
        assertEq(senior.totalAssets() - 1_000e18, 8 * UNIT, "15 less 7");
    }

    /// @dev Layers round their part of a refund down; the pool makes up for it from what this policy did not earn alone.
    function test_aCancellationIsPaidFromThePolicysOwnPremium() external {
        SeriesId series = layeredSeries();
        uint256 policyId = buy(series, ANA, 100e18, 7 * UNIT);
        buy(series, BEN, 100e18, 10e18);
        vm.warp(START + SEASON / 2);
        uint256 before = pool.totalAssets();
        vm.prank(ANA);
        uint256 refund = book.cancel(policyId);
        assertEq(pool.totalAssets(), before, "the investors are where they were");
        // Of 7 units 5 stayed in the pool, half of them unearned; 3 would have been due, of which the layers round 1 away.
        assertEq(refund, (5 * UNIT) / 2, "what was left of its premium");
    }

    function _requireMoneyAsAccounted() private view {
        UnderwritingPool[3] memory all = [pool, quota, senior];
        for (uint256 i; i < 3; ++i) {
            (uint256 accounted, , , ) = all[i].balances();
            assertEq(money.balanceOf(address(all[i])), accounted, "as accounted");
        }
    }
}
