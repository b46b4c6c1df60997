// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {FeedId, IFeedReader} from "../../contracts/foundation/interfaces/IFeedReader.sol";
import {Layer} from "../../contracts/insurance/interfaces/IReinsuranceTower.sol";
import {Quote} from "../../contracts/insurance/interfaces/IPolicyBook.sol";
import {Terms} from "../../contracts/insurance/interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "../../contracts/insurance/interfaces/IUnderwritingPool.sol";
import {IndexKind, IndexTerms} from "../../contracts/insurance/libraries/IndexEngine.sol";
import {PolicyBook} from "../../contracts/insurance/PolicyBook.sol";
import {SeriesRecourse} from "../../contracts/insurance/SeriesRecourse.sol";
import {SeriesRegistry} from "../../contracts/insurance/SeriesRegistry.sol";
import {ReinsuranceTower} from "../../contracts/insurance/ReinsuranceTower.sol";
import {UnderwritingPool} from "../../contracts/insurance/UnderwritingPool.sol";
import {ScriptedFeeds} from "../../contracts/mocks/ScriptedFeeds.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {Test} from "../utils/Test.sol";

/// @dev A suite with a junior pool, a quota share and a senior layer, one investor and a pricing key.
abstract contract InsuranceFixture is Test {
    uint256 internal constant PRICING_KEY = 0xBEEF;
    uint256 internal constant UNIT = 1e12;
    uint40 internal constant START = 1_800_000_000;
    uint40 internal constant COOLDOWN = 7 days;
    uint40 internal constant SEASON = 30 days;
    FeedId internal constant FEED = FeedId.wrap(keccak256("rain"));
    FeedId internal constant FALLBACK = FeedId.wrap(keccak256("rain, second station"));
    address internal constant INVESTOR = address(0x1001);
    address internal constant ANA = address(0xA11A);
    address internal constant BEN = address(0xBE11);

    AccessManager internal manager;
    TestToken internal money;
    ScriptedFeeds internal feeds;
    PolicyBook internal book;
    SeriesRegistry internal registry;
    SeriesRecourse internal recourse;
    ReinsuranceTower internal tower;
    UnderwritingPool internal pool;
    UnderwritingPool internal quota;
    UnderwritingPool internal senior;

    function deploySuite(TestToken currency) internal {
        vm.warp(START - 30 days);
        manager = new AccessManager(address(this));
        money = currency;
        feeds = new ScriptedFeeds();
        registry = new SeriesRegistry(address(manager));
        recourse = new SeriesRecourse(registry);
        book = new PolicyBook(address(manager), registry, recourse);
        tower = new ReinsuranceTower(address(manager));
        pool = deployPool(address(book), address(0), address(tower));
        quota = deployPool(address(tower), address(pool), address(0));
        senior = deployPool(address(tower), address(pool), address(0));
        book.setQuoteKey(vm.addr(PRICING_KEY), type(uint64).max);
    }

    function deployPool(address book_, address cedent, address tower_) internal returns (UnderwritingPool) {
        return new UnderwritingPool(money, "Pool", "P", address(manager), book_, cedent, tower_, COOLDOWN);
    }

    /// @dev A fifth of everything to the quota share; of the rest, what is above half the sums to the senior layer.
    function layers() internal view returns (Layer[] memory stack) {
        stack = new Layer[](2);
        stack[0] = Layer(IUnderwritingPool(address(quota)), 2000, 0, 10_000, 1900);
        stack[1] = Layer(IUnderwritingPool(address(senior)), 8000, 5000, 10_000, 1500);
    }

    function fund(address who, uint256 amount, address spender) internal {
        money.mint(who, amount);
        vm.prank(who);
        money.approve(spender, type(uint256).max);
    }

    function invest(UnderwritingPool into, address who, uint256 amount) internal {
        fund(who, amount, address(into));
        vm.prank(who);
        into.deposit(amount, who);
    }

    /// @dev One value decides: from 100 up, linear to 200.
    function termsFrom(uint40 start) internal view returns (Terms memory terms) {
        terms.name = "Test series";
        terms.pool = IUnderwritingPool(address(pool));
        terms.feeds = IFeedReader(address(feeds));
        terms.feed = FEED;
        terms.firstRound = 1;
        terms.lastRound = 1;
        terms.start = start;
        terms.end = start + SEASON;
        terms.leadTime = 1 days;
        terms.grace = 7 days;
        terms.capacity = type(uint128).max;
        terms.index = IndexTerms(IndexKind.Maximum, 0, 100, 200, 0, 0);
    }

    /// @dev A fresh suite with those layers, each with its capital, and a series whose policies can be cancelled to the end.
    function layeredSeries() internal returns (SeriesId) {
        deploySuite(new TestToken("Euro", "EUR", 18));
        tower.setLayers(address(pool), layers());
        invest(pool, INVESTOR, 1_000e18);
        invest(quota, INVESTOR, 1_000e18);
        invest(senior, INVESTOR, 1_000e18);
        Terms memory terms = termsFrom(START);
        terms.cancelUntil = terms.end;
        return registry.openSeries(terms);
    }

    function quoteFor(
        SeriesId series,
        address buyer,
        uint256 sum,
        uint256 premium
    ) internal view returns (Quote memory quote, bytes memory signature) {
        quote = Quote(
            series,
            buyer,
            uint128(sum),
            uint128(premium),
            uint32(book.purchasesOf(buyer)),
            uint40(block.timestamp)
        );
        signature = sign(quote);
    }

    function sign(Quote memory quote) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PRICING_KEY, this.digestOf(quote));
        return abi.encodePacked(r, s, v);
    }

    function digestOf(Quote calldata quote) external view returns (bytes32) {
        return book.quoteDigest(quote);
    }

    function buy(SeriesId series, address buyer, uint256 sum, uint256 premium) internal returns (uint256) {
        (Quote memory quote, bytes memory signature) = quoteFor(series, buyer, sum, premium);
        fund(buyer, premium, address(pool));
        vm.prank(buyer);
        return book.buy(quote, vm.addr(PRICING_KEY), signature);
    }

    /// @dev Lets the season of a series that starts at `start` begin and stores its one value.
    function observe(uint40 start, int128 value) internal {
        vm.warp(start + 1 days);
        feeds.set(FEED, 1, value, start + 1 days);
    }
}
