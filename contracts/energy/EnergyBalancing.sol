// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {IEnergyBalancing} from "./interfaces/IEnergyBalancing.sol";
import {BookStatus, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
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

    /// @dev The accounts of one settlement.
    struct Batch {
        uint256 pointer;
        uint256[] accounts;
        uint256[] words;
        /// @notice One word a slot and account.
        uint256 deviations;
        DeviationCell[] cells;
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
        if (tariff.longTick > tariff.shortTick) revert EnergyTariffOrder(tariff.longTick, tariff.shortTick);
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
        _checkCommitment(book);
        Tariff memory tariff = _tariffFor(book);
        Batch memory b = _read(book);
        _openCells(b, book, tariff);
        _deviate(b, book);
        _addPosted(b, book);
        _net(b);
        _pay(b, book, tariff);
    }

    // --- internal ---

    function _checkCommitment(Book calldata book) private view {
        bytes32 given = keccak256(
            abi.encode(book.count, keccak256(book.prices), keccak256(book.posted), keccak256(book.positions))
        );
        (BookStatus status, bytes32 commitment) = EXCHANGE.bookOf(book.firstSlot);
        if (status == BookStatus.Open || (given >> 8) << 8 != commitment) revert EnergyWrongPositions(book.firstSlot);
    }

    function _tariffFor(Book calldata book) private view returns (Tariff memory tariff) {
        tariff = _tariffs[book.tariff];
        bool last = book.tariff + 1 == tariffCount || _tariffs[book.tariff + 1].fromSlot > book.firstSlot;
        if (book.tariff >= tariffCount || tariff.fromSlot > book.firstSlot || !last)
            revert EnergyWrongTariff(book.tariff);
    }

    /// @dev Reads the accounts and checks their values against what their meters posted.
    function _read(Book calldata book) private view returns (Batch memory b) {
        uint256 number = book.metered.length / METER_BYTES;
        b.accounts = LedgerCalls.list(number);
        b.pointer = _offset(book.metered);
        (, uint256 unordered) = CurveOrders.accountsAt(b.pointer, METER_BYTES, b.accounts, 0);
        if (unordered < number || number * METER_BYTES != book.metered.length)
            revert IEnergyExchange.EnergyIdOrder(unordered);
        b.words = LedgerCalls.load(ACCOUNTS, b.accounts);
        bytes32[] memory digests = METERS.digestsOf(b.accounts, uint32(book.firstSlot / DAY_SLOTS));
        for (uint256 i = 0; i < number; ++i) {
            if (uint8(b.words[i]) & 1 == 0) continue;
            uint256 begin = i * METER_BYTES + 4;
            bytes32 digest = keccak256(book.metered[begin:begin + MeterValues.DAY_BYTES]);
            if (digests[i] == 0 || (digest >> 32) << 32 != digests[i])
                revert EnergyMeterMismatch(uint32(b.accounts[i]));
        }
    }

    /// @dev The tariff never rewards a deviation: surplus earns at most, shortage costs at least the slot's price.
    function _openCells(Batch memory b, Book calldata book, Tariff memory tariff) private pure {
        uint256 number = book.prices.length / 4;
        uint256 pointer = _offset(book.prices);
        b.cells = new DeviationCell[](number);
        for (uint256 i = 0; i < number; ++i) {
            int256 price;
            assembly ("memory-safe") {
                price := sar(224, calldataload(add(pointer, shl(2, i))))
            }
            DeviationCell memory cell = b.cells[i];
            cell.price = price;
            cell.longPrice = price != NO_PRICE && price < tariff.longTick ? price : tariff.longTick;
            cell.shortPrice = price != NO_PRICE && price > tariff.shortTick ? price : tariff.shortTick;
        }
    }

    /// @dev Metered minus contracted for everybody with a meter; every record must find its account.
    function _deviate(Batch memory b, Book calldata book) private pure {
        uint256 size = 4 + book.count * 4;
        uint256 next = _offset(book.positions);
        uint256 end = next + book.positions.length;
        uint256 count = book.count;
        uint256 out;
        uint256 words = b.accounts.length * count * 32;
        assembly ("memory-safe") {
            out := mload(0x40)
            mstore(0x40, add(out, words))
            // Unmetered accounts leave their words untouched: they must read as zero.
            calldatacopy(out, calldatasize(), words)
        }
        b.deviations = out;
        uint256 metered = b.pointer + 4 + (book.firstSlot % DAY_SLOTS) * 4;
        for (uint256 i = 0; i < b.accounts.length; ++i) {
            uint256 contracted = 0;
            if (next < end && CurveOrders.accountAt(next) == b.accounts[i]) {
                contracted = next + 4;
                next += size;
            }
            if (uint8(b.words[i]) & 1 == 1)
                MeterValues.deviate(b.cells, uint8(b.words[i] >> 8) * count, count, metered, contracted, out);
            metered += METER_BYTES;
            out += count * 32;
        }
        if (next < end) revert EnergyMeterMismatch(uint32(CurveOrders.accountAt(next)));
    }

    /// @dev Posted orders are part of their account's position.
    function _addPosted(Batch memory b, Book calldata book) private pure {
        for (uint256 begin = 0; begin < book.posted.length; begin += POSTED_BYTES) {
            bytes calldata entry = book.posted[begin:begin + POSTED_BYTES];
            uint256 account = uint32(bytes4(entry[1:5]));
            uint256 i = _find(b.accounts, account);
            if (i == b.accounts.length) revert EnergyMeterMismatch(uint32(account));
            if (uint8(b.words[i]) & 1 == 0) continue;
            uint256 t = uint8(entry[0]);
            _shift(b, i, t, book.count, int32(uint32(bytes4(entry[5:9]))));
        }
    }

    function _shift(Batch memory b, uint256 i, uint256 t, uint256 count, int256 position) private pure {
        uint256 place = b.deviations + (i * count + t) * 32;
        DeviationCell memory cell = b.cells[uint8(b.words[i] >> 8) * count + t];
        int256 deviation;
        assembly ("memory-safe") {
            deviation := mload(place)
            mstore(place, sub(deviation, position))
        }
        if (deviation > 0) cell.longWh -= uint256(deviation);
        else cell.shortWh -= uint256(-deviation);
        deviation -= position;
        if (deviation > 0) cell.longWh += uint256(deviation);
        else cell.shortWh += uint256(-deviation);
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

    /// @dev Where a slot has a price, the shorter side of the deviations is netted in full.
    function _net(Batch memory b) private pure {
        for (uint256 i = 0; i < b.cells.length; ++i) {
            DeviationCell memory cell = b.cells[i];
            if (cell.price == NO_PRICE) continue;
            cell.nettedWh = cell.longWh < cell.shortWh ? cell.longWh : cell.shortWh;
        }
    }

    function _pay(Batch memory b, Book calldata book, Tariff memory tariff) private {
        uint256 number = b.accounts.length;
        uint256 count = book.count;
        uint256[] memory entries = LedgerCalls.list(number + 1);
        uint256 penalties = 0;
        for (uint256 i = 0; i < number; ++i) {
            if (uint8(b.words[i]) & 1 == 0) continue;
            (int256 money, uint256 outside) = _due(b, i, count, tariff.deadBandWh);
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
        uint256 i,
        uint256 count,
        uint256 deadBandWh
    ) private pure returns (int256 money, uint256 outside) {
        return
            MeterValues.pay(b.cells, uint8(b.words[i] >> 8) * count, count, b.deviations + i * count * 32, deadBandWh);
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
