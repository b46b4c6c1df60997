// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccountBook} from "./AccountBook.sol";
import {ITickBook} from "./interfaces/ITickBook.sol";
import {Cell, Link, SlotOutcome, UniformPrice, Zone} from "./libraries/UniformPrice.sol";

/// @title TickBook
/// @notice Door (c): the market nobody operates.
contract TickBook is ITickBook, AccountBook {
    uint256 private constant SLOT_SECONDS = 900;
    /// @dev Slots that can hold orders at once: four days.
    uint256 private constant RING = 384;
    uint256 private constant PER_WORD = 7;
    uint256 private constant CLAIMED = 1 << 105;
    uint256 private constant IS_OFFER = 1 << 104;
    uint256 private constant CLEARED = 1 << 32;
    /// @dev Where a result's given and total energy at its level begin.
    uint256 private constant BIDS = 64;
    uint256 private constant OFFERS = 128;

    /// @inheritdoc ITickBook
    uint256 public immutable LEVELS;
    /// @inheritdoc ITickBook
    int256 public immutable BASE_TICK;
    /// @inheritdoc ITickBook
    uint256 public immutable TICK_WIDTH;
    uint256 public immutable GATE_LEAD;
    uint256 public immutable PRICE_SHARE;
    uint256 public immutable MINIMUM_WH;

    /// @dev By slot mod RING: the slot whose orders stand there.
    mapping(uint256 index => uint256 slot) private _ringSlots;
    /// @dev By slot mod RING, side and level / 7: seven levels of 32 bits above the slot's number, 32 bits. Reused.
    uint256[RING << 16] private _levels;
    /// @dev By slot mod RING and account: claimed 1 | offer 1 | level 8 | energy 32 | before 32 | slot 32. Reused.
    mapping(uint256 key => uint256 word) private _orders;
    /// @dev supply at 32 | sold at 32 | demand at 32 | bought at 32 | 8 | level 8 | outcome 8 | cleared 8 | tick 32.
    mapping(uint256 slot => uint256 word) private _results;

    constructor(
        IERC20 token,
        uint256 levels,
        int256 baseTick,
        uint256 tickWidth,
        uint256 gateLead,
        uint256 priceShare,
        uint256 minimumWh
    ) AccountBook(token) {
        bool fits = levels >= 2 && levels <= 256 && tickWidth >= 1 && tickWidth < 1 << 15;
        int256 top = baseTick + int256((levels - 1) * tickWidth);
        fits = fits && baseTick >= UniformPrice.TICK_MIN && top <= UniformPrice.TICK_MAX && minimumWh != 0;
        if (!fits || priceShare > UniformPrice.SHARE_ONE) revert TickBadLevels();
        LEVELS = levels;
        BASE_TICK = baseTick;
        TICK_WIDTH = tickWidth;
        GATE_LEAD = gateLead;
        PRICE_SHARE = priceShare;
        MINIMUM_WH = minimumWh;
    }

    // --- read ---

    /// @inheritdoc ITickBook
    function resultOf(uint32 slot) external view returns (Result memory) {
        uint256 word = _results[slot];
        return
            Result({
                cleared: word & CLEARED != 0,
                outcome: SlotOutcome(uint8(word >> 40)),
                tick: int32(uint32(word)),
                level: uint8(word >> 48),
                boughtAtWh: uint32(word >> BIDS),
                demandAtWh: uint32(word >> (BIDS + 32)),
                soldAtWh: uint32(word >> OFFERS),
                supplyAtWh: uint32(word >> (OFFERS + 32))
            });
    }

    /// @inheritdoc ITickBook
    function levelOf(uint32 slot, bool isOffer, uint8 level) external view returns (uint32 energyWh) {
        uint256 word = _levels[_levelKey(slot, isOffer, level / PER_WORD)];
        return uint32(word) == slot ? uint32(word >> _shift(level)) : 0;
    }

    // --- write ---

    /// @inheritdoc ITickBook
    function register() external returns (uint32 account) {
        return _register(msg.sender, 0, 0);
    }

    /// @inheritdoc ITickBook
    function withdraw(uint32 account, uint256 amountMicro) external nonReentrant {
        _owned(account);
        _pay(account, amountMicro);
    }

    /// @inheritdoc ITickBook
    function place(uint32 account, Placement[] calldata orders) external {
        uint256 word = _owned(account);
        uint256 locked = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            _place(account, orders[i]);
            locked += _lockOf(orders[i].isOffer, orders[i].level, orders[i].energyWh);
        }
        _accounts[account] = _debited(account, word, locked);
    }

    /// @inheritdoc ITickBook
    function clear(uint32 slot) external {
        uint256 closesAt = uint256(slot) * SLOT_SECONDS - GATE_LEAD;
        if (block.timestamp < closesAt) revert TickWindow(slot, closesAt, type(uint256).max);
        if (_results[slot] != 0) revert TickAlreadyCleared(slot);
        uint256[] memory demand = _curve(slot, false);
        uint256[] memory supply = _curve(slot, true);
        Cell[] memory cells = new Cell[](1);
        uint256 level = _balance(demand, supply, cells[0]);
        _bound(demand, supply, level, cells[0]);
        (int256 price, uint256 volume, SlotOutcome outcome) = _solve(cells);
        Cell memory cell = cells[0];
        _results[slot] =
            (((cell.supplyAt << 32) | cell.soldAt) << OFFERS) |
            (((cell.demandAt << 32) | cell.boughtAt) << BIDS) |
            (level << 48) |
            (uint256(outcome) << 40) |
            CLEARED |
            uint32(int32(price));
        emit TickSlotCleared(slot, int32(price), volume, outcome);
    }

    /// @inheritdoc ITickBook
    function claim(uint32 slot, uint32 account) external {
        uint256 key = _orderKey(slot, account);
        uint256 order = _orders[key];
        uint256 result = _results[slot];
        if (uint32(order) != slot || order == 0 || order & CLAIMED != 0 || result == 0)
            revert TickNothingToClaim(slot, account);
        _orders[key] = order | CLAIMED;
        uint256 fill = _fillOf(order, result);
        bool isOffer = order & IS_OFFER != 0;
        unchecked {
            int256 money = int256(fill) * int32(uint32(result));
            uint256 locked = _lockOf(isOffer, uint8(order >> 96), uint32(order >> 64));
            // Never negative: nobody trades outside his limit, and the limit was locked.
            uint256 credit = uint256(int256(locked) + (isOffer ? money : -money));
            _accounts[account] = _credited(account, _accounts[account], credit);
        }
        emit OrderClaimed(slot, account, fill);
    }

    // --- internal ---

    function _place(uint32 account, Placement calldata order) private {
        (uint32 slot, uint8 level, uint32 energyWh) = (order.slot, order.level, order.energyWh);
        _checkPlacement(slot, level, energyWh);
        uint256 key = _orderKey(slot, account);
        uint256 former = _orders[key];
        if (former != 0) {
            if (uint32(former) == slot) revert TickOrderExists(slot, account);
            if (former & CLAIMED == 0) revert TickUnclaimed(uint32(former), account);
        }
        uint256 before = _raise(slot, order.isOffer, level, energyWh);
        _orders[key] =
            (order.isOffer ? IS_OFFER : 0) |
            (uint256(level) << 96) |
            (uint256(energyWh) << 64) |
            (before << 32) |
            slot;
        emit OrderPlaced(slot, account, order.isOffer, level, energyWh, uint32(before));
    }

    function _checkPlacement(uint32 slot, uint8 level, uint32 energyWh) private {
        uint256 closesAt = uint256(slot) * SLOT_SECONDS - GATE_LEAD;
        uint256 horizon = (RING - 1) * SLOT_SECONDS;
        if (block.timestamp >= closesAt || block.timestamp + horizon < closesAt)
            revert TickWindow(slot, closesAt - horizon, closesAt);
        if (level >= LEVELS) revert TickUnknownLevel(level);
        if (energyWh < MINIMUM_WH) revert TickTooSmall(energyWh);
        uint256 held = _ringSlots[slot % RING];
        if (held == slot) return;
        if (held != 0 && _results[held] == 0) revert TickUncleared(uint32(held));
        _ringSlots[slot % RING] = slot;
    }

    /// @dev Adds to a level and returns what stood there: the order's place in a rationed level.
    function _raise(uint32 slot, bool isOffer, uint8 level, uint32 energyWh) private returns (uint256 before) {
        uint256 key = _levelKey(slot, isOffer, level / PER_WORD);
        uint256 word = _levels[key];
        if (uint32(word) != slot) word = slot;
        before = uint32(word >> _shift(level));
        if (before + energyWh > type(uint32).max) revert TickLevelFull(slot, level);
        _levels[key] = word + (uint256(energyWh) << _shift(level));
    }

    /// @dev Energy at each level of one side.
    function _curve(uint32 slot, bool isOffer) private view returns (uint256[] memory levels) {
        uint256 number = LEVELS;
        levels = new uint256[](number);
        unchecked {
            for (uint256 first = 0; first < number; first += PER_WORD) {
                uint256 word = _levels[_levelKey(slot, isOffer, first / PER_WORD)];
                if (uint32(word) != slot) continue;
                for (uint256 i = first; (word >>= 32) != 0; ++i) levels[i] = uint32(word);
            }
        }
    }

    /// @dev The lowest level at which supply up to it covers the demand above it: the market balances there. Sums the
    /// cell around it.
    function _balance(
        uint256[] memory demand,
        uint256[] memory supply,
        Cell memory cell
    ) private view returns (uint256 level) {
        unchecked {
            uint256 above = 0;
            uint256 offered = 0;
            for (uint256 i = demand.length; i-- > 0;) above += demand[i];
            for (; ; ++level) {
                above -= demand[level];
                offered += supply[level];
                if (offered >= above) break;
            }
            UniformPrice.openCell(cell, _tickOf(level));
            (cell.demandAbove, cell.demandAt) = (above, demand[level]);
            (cell.supplyBelow, cell.supplyAt) = (offered - supply[level], supply[level]);
        }
    }

    /// @dev The occupied levels next above the balancing one. Those below it never bound the price: the level is the lowest
    /// at which supply covers the demand above it, so of two things one stands on it, an offer sold or a bid not served.
    function _bound(uint256[] memory demand, uint256[] memory supply, uint256 level, Cell memory cell) private view {
        unchecked {
            uint256 i = level;
            while (++i < demand.length && demand[i] == 0) {}
            if (i < demand.length) cell.minBidAbove = _tickOf(i);
            i = level;
            while (++i < supply.length && supply[i] == 0) {}
            if (i < supply.length) cell.minOfferAbove = _tickOf(i);
        }
    }

    /// @dev Asks the clearing core for fills and price.
    function _solve(Cell[] memory cells) private view returns (int256 price, uint256 volume, SlotOutcome outcome) {
        Zone[] memory zones = new Zone[](1);
        Link[] memory hub = new Link[](1);
        (volume, ) = UniformPrice.solve(cells, 1, 0, hub, zones);
        if (volume == 0) return (0, 0, SlotOutcome.NoTrade);
        UniformPrice.findIntervals(cells, 1, 0, hub, zones);
        price = UniformPrice.ruled(zones[0], PRICE_SHARE);
        // The price may lie above the balancing level; what is unserved there then lies on the next.
        if (price == cells[0].price) outcome = UniformPrice.outcome(cells[0], zones[0]);
        else outcome = price == cells[0].minOfferAbove ? SlotOutcome.MarginalSeller : SlotOutcome.Interval;
    }

    /// @dev Orders better than the balancing level trade in full, those on it share by telescoping floors.
    function _fillOf(uint256 order, uint256 result) private pure returns (uint256) {
        uint256 level = uint8(order >> 96);
        uint256 energyWh = uint32(order >> 64);
        if (uint8(result >> 40) == uint256(SlotOutcome.NoTrade)) return 0;
        bool isOffer = order & IS_OFFER != 0;
        uint256 reached = uint8(result >> 48);
        if (level != reached) return isOffer == (level < reached) ? energyWh : 0;
        result >>= isOffer ? OFFERS : BIDS;
        return UniformPrice.ration(uint32(order >> 32), energyWh, uint32(result), uint32(result >> 32));
    }

    function _tickOf(uint256 level) private view returns (int256) {
        unchecked {
            return BASE_TICK + int256(level * TICK_WIDTH);
        }
    }

    /// @dev The most an order can cost: a bid at a positive, an offer at a negative limit.
    function _lockOf(bool isOffer, uint8 level, uint32 energyWh) private view returns (uint256) {
        int256 limit = isOffer ? -_tickOf(level) : _tickOf(level);
        return limit > 0 ? uint256(limit) * energyWh : 0;
    }

    function _shift(uint256 level) private pure returns (uint256) {
        return 32 * (1 + (level % PER_WORD));
    }

    function _levelKey(uint32 slot, bool isOffer, uint256 index) private pure returns (uint256) {
        return ((slot % RING) << 16) | (index << 1) | (isOffer ? 1 : 0);
    }

    function _orderKey(uint32 slot, uint32 account) private pure returns (uint256) {
        return ((slot % RING) << 32) | account;
    }
}
