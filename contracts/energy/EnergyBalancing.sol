// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {IEnergyBalancing} from "./interfaces/IEnergyBalancing.sol";
import {BookStatus, IBookErrors, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {DeviationCell, MeterValues} from "./libraries/MeterValues.sol";

/// @title EnergyBalancing
/// @notice Metered settlement of what the exchange contracted.
contract EnergyBalancing is IEnergyBalancing, AccessManaged {
    uint256 private constant SLOT_SECONDS = 900;
    uint256 private constant DAY_SLOTS = 96;
    uint256 private constant ANNOUNCE_SLOTS = 144;
    uint256 private constant METER_BYTES = 4 + MeterValues.DAY_BYTES;
    uint256 private constant POSTED_BYTES = 9;
    /// @dev What `MeterValues` can multiply; a thousand times any price of the market.
    int256 private constant TICK_LIMIT = 1 << 24;
    int256 private constant NO_PRICE = type(int32).min;

    IEnergyAccounts public immutable ACCOUNTS;
    IEnergyExchange public immutable EXCHANGE;
    IMeterRegistry public immutable METERS;
    /// @notice The balance-responsible party's account: the other side of what neighbours cannot net.
    uint32 public immutable BALANCE_ACCOUNT;
    /// @notice Receives penalties.
    uint32 public immutable PENALTY_ACCOUNT;

    /// @inheritdoc IEnergyBalancing
    uint256 public tariffCount;
    mapping(uint256 tariff => Tariff) private _tariffs;
    /// @inheritdoc IEnergyBalancing
    mapping(uint32 firstSlot => bool paid) public isPaid;

    /// @dev The accounts of one settlement, and the zones' prices and sums.
    struct Batch {
        /// @notice Where in calldata the metered values begin.
        uint256 pointer;
        uint256[] accounts;
        uint256[] words;
        /// @notice Where in memory each account's position stands; zero when it has none.
        uint256[] positions;
        /// @notice Accounts with posted orders: their positions can exceed what the lanes hold.
        int256[][] wide;
        DeviationCell[] cells;
        /// @notice `MeterValues` lanes and shares, zone after zone, and how many accounts each zone has in them.
        uint256 lanes;
        uint256 shares;
        uint256[] counted;
        /// @notice An empty position.
        uint256 none;
    }

    constructor(
        IEnergyAccounts accounts,
        IEnergyExchange exchange,
        IMeterRegistry meters,
        uint32 balanceAccount,
        uint32 penaltyAccount,
        address manager
    ) AccessManaged(manager) {
        ACCOUNTS = accounts;
        EXCHANGE = exchange;
        METERS = meters;
        BALANCE_ACCOUNT = balanceAccount;
        PENALTY_ACCOUNT = penaltyAccount;
    }

    // --- read ---

    /// @inheritdoc IEnergyBalancing
    function tariffOf(uint256 tariff) external view returns (Tariff memory) {
        return _tariffs[tariff];
    }

    // --- write ---

    /// @inheritdoc IEnergyBalancing
    function setTariff(Tariff calldata tariff) external restricted {
        bool fits = tariff.longTick > -TICK_LIMIT && tariff.shortTick < TICK_LIMIT;
        if (tariff.longTick > tariff.shortTick || !fits) revert EnergyTariffOrder(tariff.longTick, tariff.shortTick);
        uint256 number = tariffCount;
        uint256 earliest = block.timestamp / SLOT_SECONDS + ANNOUNCE_SLOTS;
        if (number != 0 && _tariffs[number - 1].fromSlot >= earliest) earliest = _tariffs[number - 1].fromSlot + 1;
        if (tariff.fromSlot < earliest) revert EnergyTariffTooSoon(tariff.fromSlot, earliest);
        _tariffs[number] = tariff;
        tariffCount = number + 1;
        emit TariffSet(
            number,
            tariff.fromSlot,
            tariff.longTick,
            tariff.shortTick,
            tariff.deadBandWh,
            tariff.penaltyTicks
        );
    }

    /// @inheritdoc IEnergyBalancing
    function settle(Book calldata book) external {
        if (isPaid[book.firstSlot]) revert EnergyDeviationsPaid(book.firstSlot);
        isPaid[book.firstSlot] = true;
        Tariff memory tariff = _tariffFor(book);
        Batch memory b = _read(book);
        _checkCommitment(b, book);
        _checkMeters(b, book);
        _openCells(b, book, tariff);
        _deviate(b, book);
        _rate(b, book.count);
        _pay(b, book, tariff);
    }

    // --- internal ---

    /// @dev Copies the positions, and demands that they are the ones the exchange committed to.
    function _checkCommitment(Batch memory b, Book calldata book) private view {
        bytes32 chain = _matchPositions(b, book);
        bytes32 posted = _matchPosted(b, book);
        bytes32 given = keccak256(abi.encode(book.count, keccak256(book.prices), posted, chain));
        (BookStatus status, bytes32 commitment) = EXCHANGE.bookOf(book.firstSlot);
        if (status == BookStatus.Open || (given >> 8) << 8 != commitment) revert EnergyWrongPositions(book.firstSlot);
    }

    function _tariffFor(Book calldata book) private view returns (Tariff memory tariff) {
        tariff = _tariffs[book.tariff];
        bool last = book.tariff + 1 == tariffCount || _tariffs[book.tariff + 1].fromSlot > book.firstSlot;
        if (book.tariff >= tariffCount || tariff.fromSlot > book.firstSlot || !last)
            revert EnergyWrongTariff(book.tariff);
    }

    /// @dev Reads the accounts.
    function _read(Book calldata book) private view returns (Batch memory b) {
        uint256 number = book.metered.length / METER_BYTES;
        b.accounts = LedgerCalls.list(number);
        b.pointer = _offset(book.metered);
        (, uint256 unordered) = CurveOrders.accountsAt(b.pointer, METER_BYTES, b.accounts, 0);
        if (unordered < number || number * METER_BYTES != book.metered.length)
            revert IBookErrors.EnergyIdOrder(unordered);
        b.words = LedgerCalls.load(ACCOUNTS, b.accounts);
        b.positions = new uint256[](number);
        b.wide = new int256[][](number);
    }

    /// @dev The values given are what the meters posted.
    function _checkMeters(Batch memory b, Book calldata book) private view {
        bytes32[] memory digests = METERS.digestsOf(b.accounts, uint32(book.firstSlot / DAY_SLOTS));
        uint256 pointer = b.pointer + 4;
        for (uint256 i = 0; i < digests.length; ++i) {
            if (uint8(b.words[i]) & 1 == 1) {
                bytes32 digest = MeterValues.digest(pointer);
                if (digests[i] == 0 || digest != digests[i]) revert EnergyMeterMismatch(uint32(b.accounts[i]));
            }
            pointer += METER_BYTES;
        }
    }

    /// @dev Chains the records' positions as the exchange did; every record must find its account.
    function _matchPositions(Batch memory b, Book calldata book) private pure returns (bytes32 chain) {
        uint256 size = 4 + book.count * 4;
        uint256 number = book.positions.length / size;
        uint256 next = _offset(book.positions);
        uint256 i = 0;
        for (uint256 r = 0; r < number; ++r) {
            uint256 buffer = CurveOrders.positionBuffer(book.count);
            CurveOrders.copyPosition(buffer, book.count, next);
            chain = CurveOrders.chainPosition(buffer, book.count, chain);
            uint256 account = CurveOrders.accountAt(next);
            while (i < b.accounts.length && b.accounts[i] < account) ++i;
            if (i == b.accounts.length || b.accounts[i] != account) revert EnergyMeterMismatch(uint32(account));
            b.positions[i] = buffer + 36;
            next += size;
        }
        if (number * size != book.positions.length) revert EnergyWrongPositions(book.firstSlot);
        b.none = CurveOrders.positionBuffer(book.count);
        CurveOrders.clearPosition(b.none, book.count, 0);
        b.none += 36;
    }

    /// @dev Chains the positions of posted orders, and adds them to their accounts'.
    function _matchPosted(Batch memory b, Book calldata book) private pure returns (bytes32 chain) {
        uint256 number = book.posted.length / POSTED_BYTES;
        uint256 pointer = _offset(book.posted);
        for (uint256 r = 0; r < number; ++r) {
            uint256 account = CurveOrders.accountAt(pointer + 1);
            int256 position = int256(int32(uint32(CurveOrders.accountAt(pointer + 5))));
            chain = CurveOrders.chainPost(chain, pointer, position);
            uint256 i = _find(b.accounts, account);
            if (i == b.accounts.length) revert EnergyMeterMismatch(uint32(account));
            if (b.wide[i].length == 0) b.wide[i] = _widen(b, book, i);
            uint256 t = uint8(book.posted[r * POSTED_BYTES]);
            if (t < book.count) b.wide[i][t] -= position;
            pointer += POSTED_BYTES;
        }
        if (number * POSTED_BYTES != book.posted.length) revert EnergyWrongPositions(book.firstSlot);
    }

    /// @dev Metered minus contracted, slot by slot, in whole words.
    function _widen(Batch memory b, Book calldata book, uint256 i) private pure returns (int256[] memory deviations) {
        deviations = new int256[](book.count);
        uint256 metered = b.pointer + i * METER_BYTES + 4 + (book.firstSlot % DAY_SLOTS) * 4;
        uint256 position = b.positions[i];
        for (uint256 t = 0; t < deviations.length; ++t) {
            deviations[t] = int256(int32(uint32(CurveOrders.accountAt(metered + 4 * t))));
            if (position != 0) deviations[t] -= CurveOrders.positionAt(position, t);
        }
    }

    /// @dev The tariff never rewards a deviation: surplus earns at most, shortage costs at least the slot's price.
    function _openCells(Batch memory b, Book calldata book, Tariff memory tariff) private pure {
        uint256 number = book.prices.length / 4;
        uint256 pointer = _offset(book.prices);
        b.cells = new DeviationCell[](number);
        for (uint256 i = 0; i < number; ++i) {
            int256 price = int256(int32(uint32(CurveOrders.accountAt(pointer + 4 * i))));
            DeviationCell memory cell = b.cells[i];
            cell.price = price;
            cell.longPrice = price != NO_PRICE && price < tariff.longTick ? price : tariff.longTick;
            cell.shortPrice = price != NO_PRICE && price > tariff.shortTick ? price : tariff.shortTick;
        }
        uint256 zones = number / book.count;
        b.counted = new uint256[](zones);
        b.lanes = MeterValues.zeros(zones * MeterValues.size(book.count));
        b.shares = MeterValues.zeros(number * MeterValues.SHARE_BYTES);
    }

    /// @dev Sums the deviations of everybody with a meter.
    function _deviate(Batch memory b, Book calldata book) private pure {
        uint256 count = book.count;
        uint256 laneBytes = MeterValues.size(count);
        uint256 metered = b.pointer + 4 + (book.firstSlot % DAY_SLOTS) * 4;
        for (uint256 i = 0; i < b.accounts.length; ++i) {
            uint256 word = b.words[i];
            if (uint8(word) & 1 == 1) {
                uint256 zone = uint8(word >> 8);
                if (b.wide[i].length != 0) {
                    for (uint256 t = 0; t < count; ++t) MeterValues.add(b.cells[zone * count + t], b.wide[i][t]);
                } else {
                    ++b.counted[zone];
                    uint256 position = b.positions[i];
                    if (position == 0) position = b.none;
                    MeterValues.deviate(b.lanes + zone * laneBytes, count, metered, position);
                }
            }
            metered += METER_BYTES;
        }
    }

    /// @dev Where a slot has a price, the shorter side of the deviations is netted in full.
    function _rate(Batch memory b, uint256 count) private pure {
        for (uint256 i = 0; i < b.cells.length; ++i) {
            DeviationCell memory cell = b.cells[i];
            (uint256 zone, uint256 t) = (i / count, i % count);
            uint256 lanes = b.lanes + zone * MeterValues.size(count);
            (uint256 longWh, uint256 shortWh) = MeterValues.totals(lanes, t, b.counted[zone]);
            cell.longWh += longWh;
            cell.shortWh += shortWh;
            if (cell.price != NO_PRICE) cell.nettedWh = cell.longWh < cell.shortWh ? cell.longWh : cell.shortWh;
            MeterValues.rate(lanes, b.shares + zone * count * MeterValues.SHARE_BYTES, t, cell);
        }
    }

    function _find(uint256[] memory accounts, uint256 account) private pure returns (uint256) {
        uint256 low = 0;
        uint256 high = accounts.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (accounts[middle] < account) low = middle + 1;
            else high = middle;
        }
        return low < accounts.length && accounts[low] == account ? low : accounts.length;
    }

    function _pay(Batch memory b, Book calldata book, Tariff memory tariff) private {
        uint256 number = b.accounts.length;
        uint256[] memory entries = LedgerCalls.list(number + 1);
        uint256 penalties = 0;
        for (uint256 i = 0; i < number; ++i) {
            if (uint8(b.words[i]) & 1 == 0) {
                entries[i] = 0;
                continue;
            }
            (int256 money, uint256 outside) = _due(b, book, i, tariff.deadBandWh);
            uint256 penalty = outside * tariff.penaltyTicks;
            penalties += penalty;
            entries[i] = _entry(b.accounts[i], money - int256(penalty));
        }
        entries[number] = _entry(PENALTY_ACCOUNT, int256(penalties));
        int256 residual = LedgerCalls.move(ACCOUNTS, entries, BALANCE_ACCOUNT, true);
        emit DeviationsSettled(book.firstSlot, number, residual, penalties);
    }

    function _due(
        Batch memory b,
        Book calldata book,
        uint256 i,
        uint256 deadBandWh
    ) private pure returns (int256, uint256) {
        uint256 zone = uint8(b.words[i] >> 8);
        if (b.wide[i].length != 0) return _dueWide(b, b.wide[i], zone * book.count, deadBandWh);
        uint256 metered = b.pointer + i * METER_BYTES + 4 + (book.firstSlot % DAY_SLOTS) * 4;
        uint256 position = b.positions[i];
        if (position == 0) position = b.none;
        return
            MeterValues.pay(
                b.lanes + zone * MeterValues.size(book.count),
                b.shares + zone * book.count * MeterValues.SHARE_BYTES,
                book.count,
                metered,
                position,
                deadBandWh
            );
    }

    function _dueWide(
        Batch memory b,
        int256[] memory deviations,
        uint256 first,
        uint256 deadBandWh
    ) private pure returns (int256 money, uint256 outside) {
        for (uint256 t = 0; t < deviations.length; ++t) {
            uint256 share = b.shares + (first + t) * MeterValues.SHARE_BYTES;
            money += MeterValues.settle(b.cells[first + t], share, deviations[t]);
            outside += MeterValues.outside(deviations[t], deadBandWh);
        }
    }

    function _entry(uint256 account, int256 money) private pure returns (uint256) {
        return (account << 224) | (uint256(money) & ((1 << 224) - 1));
    }

    function _offset(bytes calldata data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }
}
