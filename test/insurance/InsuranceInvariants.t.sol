// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {SeriesAccount, SeriesState} from "../../contracts/insurance/interfaces/IPolicySettlement.sol";
import {Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {PolicyBook} from "../../contracts/insurance/PolicyBook.sol";
import {UnderwritingPool} from "../../contracts/insurance/UnderwritingPool.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {Test} from "../utils/Test.sol";
import {InsuranceFixture} from "./InsuranceFixture.sol";

/// @dev Investors, buyers, weather and settlers doing whatever the campaign asks of them, in any order.
contract InsuranceHandler is InsuranceFixture {
    uint256 public constant SERIES = 4;

    /// @notice What each series has paid out, and the sums insured it was decided on.
    mapping(uint256 series => uint256 amount) public paid;
    mapping(uint256 series => uint256 units) public insuredUnits;
    mapping(uint256 series => uint256 bps) public payoutBps;
    mapping(uint256 series => uint256 cursor) public lastCursor;
    uint256 public donated;
    uint256 public lastHead;
    bool public cursorMoved;

    address[] private _actors;
    uint256[] private _policies;

    constructor() {
        deploySuite(new TestToken("Euro", "EUR", 18));
        tower.setLayers(address(pool), layers());
        invest(pool, INVESTOR, 1_000_000e18);
        invest(quota, INVESTOR, 300_000e18);
        invest(senior, INVESTOR, 500_000e18);
        for (uint256 i; i < SERIES; ++i) {
            Terms memory terms = termsFrom(START + uint40(i / 2) * 10 days);
            terms.firstRound = uint32(i + 1);
            terms.lastRound = uint32(i + 1);
            terms.cancelUntil = terms.end;
            terms.cancelFeeBps = 100;
            registry.openSeries(terms);
        }
        for (uint256 i; i < 4; ++i) _actors.push(address(uint160(0xAC70 + i)));
    }

    function suite()
        external
        view
        returns (PolicyBook, UnderwritingPool, UnderwritingPool, UnderwritingPool, TestToken)
    {
        return (book, pool, quota, senior, money);
    }

    function deposit(uint256 who, uint256 which, uint256 amount) external {
        invest(_pool(which), _actor(who), bound(amount, 1, 100_000e18));
    }

    function request(uint256 who, uint256 which, uint256 shares) external {
        UnderwritingPool from = _pool(which);
        uint256 balance = from.balanceOf(_actor(who));
        if (balance == 0) return;
        vm.prank(_actor(who));
        from.requestWithdrawal(bound(shares, 1, balance));
    }

    function serve(uint256 which, uint256 max) external {
        _pool(which).serveWithdrawals(bound(max, 0, 3));
    }

    function purchase(uint256 who, uint256 which, uint256 sum, uint256 premium) external {
        SeriesId series = _series(which);
        sum = bound(sum, 1_000, 50_000e6) * UNIT;
        premium = bound(premium, 1, sum / UNIT / 4) * UNIT;
        (Quote memory quote, bytes memory signature) = quoteFor(series, _actor(who), sum, premium);
        fund(_actor(who), premium, address(pool));
        vm.prank(_actor(who));
        // Refused when sales have ended, the capital is used up or the series is decided.
        try book.buy(quote, vm.addr(PRICING_KEY), signature) returns (uint256 policyId) {
            _policies.push(policyId);
        } catch {}
    }

    function cancel(uint256 which) external {
        if (_policies.length == 0) return;
        uint256 policyId = _policies[which % _policies.length];
        address holder = book.policyOf(policyId).holder;
        vm.prank(holder);
        try book.cancel(policyId) {} catch {}
    }

    function give(uint256 who, uint256 which) external {
        if (_policies.length == 0) return;
        uint256 policyId = _policies[which % _policies.length];
        address holder = book.policyOf(policyId).holder;
        if (holder == address(0)) return;
        vm.prank(holder);
        try book.transferFrom(holder, _actor(who), policyId) {} catch {}
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1 hours, 6 days));
    }

    function measure(uint256 which, int128 value) external {
        Terms memory terms = registry.seriesOf(_series(which)).terms;
        if (block.timestamp < terms.start || block.timestamp > terms.end) return;
        feeds.set(FEED, terms.firstRound, value % 300, uint40(block.timestamp));
    }

    function decide(uint256 which) external {
        SeriesId series = _series(which);
        uint256 units = book.accountOf(series).exposure;
        try book.decide(series, "", 0) returns (uint256 bps) {
            insuredUnits[SeriesId.unwrap(series)] = units;
            payoutBps[SeriesId.unwrap(series)] = bps;
        } catch {}
    }

    function refund(uint256 which) external {
        SeriesId series = _series(which);
        Terms memory terms = registry.seriesOf(series).terms;
        try recourse.refund(series, terms.firstRound, 0) {} catch {}
    }

    function settle(uint256 which, uint256 max) external {
        SeriesId series = _series(which);
        SeriesState state = book.accountOf(series).state;
        if (state != SeriesState.Paying && state != SeriesState.Refunding) return;
        uint256 before = money.balanceOf(address(pool));
        book.settle(series, uint16(bound(max, 1, 4)));
        if (state == SeriesState.Paying) paid[SeriesId.unwrap(series)] += before - money.balanceOf(address(pool));
    }

    function donate(uint256 amount) external {
        amount = bound(amount, 1, 1_000e18);
        donated += amount;
        money.mint(address(pool), amount);
    }

    /// @dev Notes that a queue or a cursor has gone back, which must never happen.
    function watch() external {
        (uint256 head, ) = pool.queue();
        if (head < lastHead) cursorMoved = true;
        lastHead = head;
        for (uint256 i = 1; i <= SERIES; ++i) {
            SeriesAccount memory account = book.accountOf(SeriesId.wrap(uint64(i)));
            // What is settled stays settled.
            uint256 cursor = account.state == SeriesState.None ? type(uint256).max : account.cursor;
            if (cursor < lastCursor[i]) cursorMoved = true;
            lastCursor[i] = cursor;
        }
    }

    function _actor(uint256 who) private view returns (address) {
        return _actors[who % _actors.length];
    }

    function _series(uint256 which) private pure returns (SeriesId) {
        return SeriesId.wrap(uint64(1 + (which % SERIES)));
    }

    function _pool(uint256 which) private view returns (UnderwritingPool) {
        return [pool, quota, senior][which % 3];
    }
}

contract InsuranceInvariants is Test {
    InsuranceHandler private _handler;
    PolicyBook private _book;
    UnderwritingPool private _pool;
    UnderwritingPool private _quota;
    UnderwritingPool private _senior;
    TestToken private _money;

    function setUp() public {
        _handler = new InsuranceHandler();
        (_book, _pool, _quota, _senior, _money) = _handler.suite();
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = InsuranceHandler.deposit.selector;
        selectors[1] = InsuranceHandler.request.selector;
        selectors[2] = InsuranceHandler.serve.selector;
        selectors[3] = InsuranceHandler.purchase.selector;
        selectors[4] = InsuranceHandler.cancel.selector;
        selectors[5] = InsuranceHandler.give.selector;
        selectors[6] = InsuranceHandler.pass.selector;
        selectors[7] = InsuranceHandler.measure.selector;
        selectors[8] = InsuranceHandler.decide.selector;
        selectors[9] = InsuranceHandler.refund.selector;
        selectors[10] = InsuranceHandler.settle.selector;
        selectors[11] = InsuranceHandler.donate.selector;
        selectors[12] = InsuranceHandler.watch.selector;
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @notice I1: what is locked, here and in the layers, is what open series insure.
    function invariant_I1_lockedIsTheExposureOfOpenSeries() external view {
        uint256 exposure;
        for (uint64 i = 1; i <= _handler.SERIES(); ++i) {
            SeriesAccount memory account = _book.accountOf(SeriesId.wrap(i));
            if (account.state == SeriesState.Open) exposure += account.exposure;
        }
        assertEq(_locked(_pool) + _locked(_quota) + _locked(_senior), exposure * 1e12, "I1");
    }

    /// @notice I2 and I6: every pool owns at least what it has locked, whoever left and whatever was decided.
    function invariant_I2_everyPoolIsSolvent() external view {
        assertGe(_pool.totalAssets(), _locked(_pool), "pool");
        assertGe(_quota.totalAssets(), _locked(_quota), "quota share");
        assertGe(_senior.totalAssets(), _locked(_senior), "senior");
    }

    /// @notice I3: no series pays more than its sums insured times the share decided.
    function invariant_I3_noSeriesPaysTooMuch() external view {
        for (uint64 i = 1; i <= _handler.SERIES(); ++i) {
            uint256 most = (_handler.insuredUnits(i) * _handler.payoutBps(i)) / 10_000;
            assertLe(_handler.paid(i), most * 1e12, "I3");
        }
    }

    /// @notice I4: the tokens are all there, to the last one: accounts, credits and donations.
    function invariant_I4_tokensAreConserved() external view {
        assertEq(_money.balanceOf(address(_pool)), _accounted(_pool) + _handler.donated(), "pool");
        assertEq(_money.balanceOf(address(_quota)), _accounted(_quota), "quota share");
        assertEq(_money.balanceOf(address(_senior)), _accounted(_senior), "senior");
    }

    /// @notice I3 and I6: cursor and queue only go forward.
    function invariant_I6_nothingGoesBack() external view {
        assertFalse(_handler.cursorMoved(), "I6");
    }

    function _locked(UnderwritingPool pool) private view returns (uint256 locked) {
        (, , , locked) = pool.balances();
    }

    function _accounted(UnderwritingPool pool) private view returns (uint256 accounted) {
        (accounted, , , ) = pool.balances();
    }
}
