// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {IEnergyBalancing} from "./interfaces/IEnergyBalancing.sol";
import {IBookErrors} from "./interfaces/IEnergyExchange.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {DeviationCell, MeterValues} from "./libraries/MeterValues.sol";

/// @title DeviationBatch
/// @notice The half of EnergyBalancing that moves nothing: what accounts measured beside what they contracted, slot by slot,
/// and what that is worth.
abstract contract DeviationBatch is IEnergyBalancing {
    uint256 internal constant DAY_SLOTS = 96;
    uint256 internal constant POSTED_BYTES = 9;
    uint256 private constant METER_BYTES = 4 + MeterValues.DAY_BYTES;
    int256 private constant NO_PRICE = type(int32).min;

    IEnergyAccounts public immutable ACCOUNTS;
    IMeterRegistry public immutable METERS;

    /// @inheritdoc IEnergyBalancing
    uint256 public constant METER_DELAY = 2 days;
    /// @dev Days for which the registry holds what meters posted.
    uint256 private constant METER_RING = 16;

    /// @dev The accounts of one call, and the zones' prices and sums.
    struct Batch {
        uint32 firstSlot;
        uint256 count;
        /// @notice Where in calldata the book's metered values begin, of the first account.
        uint256 pointer;
        uint256[] accounts;
        uint256[] words;
        /// @notice Where in memory each account's position stands; `none` when it has none.
        uint256[] positions;
        /// @notice Accounts with posted orders: their positions can exceed what the lanes hold.
        int256[][] wide;
        /// @notice Where in memory the others' deviations stand.
        uint256[] deviations;
        uint256 none;
        /// @notice Posted orders of these accounts.
        uint256 matched;
        DeviationCell[] cells;
        /// @notice `MeterValues` lanes and shares, zone after zone, and how many accounts each zone has in them.
        uint256 lanes;
        uint256 laneBytes;
        uint256 shares;
        uint256 shareBytes;
        uint256[] counted;
    }

    constructor(IEnergyAccounts accounts, IMeterRegistry meters) {
        ACCOUNTS = accounts;
        METERS = meters;
    }

    // --- internal: reading ---

    /// @dev Reads the accounts, which must ascend from `previous` on.
    function _read(Book calldata book, uint256 previous) internal view returns (Batch memory b) {
        uint256 number = book.metered.length / METER_BYTES;
        (b.firstSlot, b.count) = (book.firstSlot, book.count);
        b.accounts = LedgerCalls.list(number);
        uint256 pointer = _offset(book.metered);
        (, uint256 unordered) = CurveOrders.accountsAt(pointer, METER_BYTES, b.accounts, previous);
        if (unordered < number || number * METER_BYTES != book.metered.length)
            revert IBookErrors.EnergyIdOrder(unordered);
        b.pointer = pointer + 4 + (book.firstSlot % DAY_SLOTS) * 4;
        b.words = LedgerCalls.load(ACCOUNTS, b.accounts);
        b.positions = new uint256[](number);
        b.wide = new int256[][](number);
        b.deviations = new uint256[](number);
    }

    /// @dev The values given are what the meters posted. A meter that is silent for too long delivered nothing and took
    /// what was bought.
    function _checkMeters(Batch memory b) internal view {
        uint32 day = uint32(b.firstSlot / DAY_SLOTS);
        bytes32[] memory digests = METERS.digestsOf(b.accounts, day);
        uint256 back = 4 * (b.firstSlot % DAY_SLOTS);
        unchecked {
            uint256 pointer = b.pointer;
            for (uint256 i = 0; i < digests.length; ++i) {
                if (b.words[i] & 1 == 1) {
                    bytes32 digest = MeterValues.digest(pointer - back);
                    if (digest != digests[i] && (digests[i] != 0 || !_isSilent(b, i, day)))
                        revert EnergyMeterMismatch(uint32(b.accounts[i]));
                }
                pointer += METER_BYTES;
            }
        }
    }

    /// @dev Nothing was posted until long after the day, and the registry would still hold it. Who has no position can wait.
    function _isSilent(Batch memory b, uint256 i, uint256 day) private view returns (bool silent) {
        silent = b.positions[i] != b.none || b.wide[i].length != 0;
        silent = silent && block.timestamp >= (day + 1) * 1 days + METER_DELAY;
        silent = silent && block.timestamp < (day + METER_RING + 1) * 1 days;
        int256[] memory deviations = b.wide[i].length == 0 ? _widen(b, i) : b.wide[i];
        for (uint256 t = 0; silent && t < b.count; ++t) {
            int256 metered = _valueAt(b, i, t);
            int256 position = metered - deviations[t];
            silent = metered == (position < 0 ? position : int256(0));
        }
    }

    /// @dev Chains the records' positions as the exchange did; every record must find its account.
    function _matchPositions(Batch memory b, bytes calldata given, bytes32 chain) internal pure returns (bytes32) {
        uint256 count = b.count;
        uint256 size = 4 + count * 4;
        if (given.length % size != 0) revert EnergyWrongPositions(b.firstSlot);
        uint256 next = _offset(given);
        uint256 end = next + given.length;
        b.none = CurveOrders.positionBuffer(count);
        CurveOrders.clearPosition(b.none, count, 0);
        b.none += 36;
        unchecked {
            for (uint256 i = 0; i < b.accounts.length; ++i) {
                b.positions[i] = b.none;
                if (next >= end) continue;
                uint256 account = CurveOrders.accountAt(next);
                if (account > b.accounts[i]) continue;
                if (account < b.accounts[i]) break;
                uint256 buffer = CurveOrders.positionBuffer(count);
                CurveOrders.copyPosition(buffer, count, next);
                chain = CurveOrders.chainPosition(buffer, count, chain);
                b.positions[i] = buffer + 36;
                next += size;
            }
        }
        if (next < end) revert EnergyMeterMismatch(uint32(CurveOrders.accountAt(next)));
        return chain;
    }

    /// @dev Chains the positions of posted orders, and adds them to their accounts'. In a part, others' are passed over.
    function _matchPosted(Batch memory b, bytes calldata given, bool whole) internal pure returns (bytes32 chain) {
        uint256 number = given.length / POSTED_BYTES;
        uint256 pointer = _offset(given);
        for (uint256 r = 0; r < number; ++r) {
            uint256 account = CurveOrders.accountAt(pointer + 1);
            int256 position = int256(int32(uint32(CurveOrders.accountAt(pointer + 5))));
            chain = CurveOrders.chainPost(chain, pointer, position);
            uint256 i = _find(b.accounts, account);
            if (i < b.accounts.length) {
                ++b.matched;
                if (b.wide[i].length == 0) b.wide[i] = _widen(b, i);
                uint256 t = uint8(given[r * POSTED_BYTES]);
                if (t < b.count) b.wide[i][t] -= position;
            } else if (whole) {
                revert EnergyMeterMismatch(uint32(account));
            }
            pointer += POSTED_BYTES;
        }
        if (number * POSTED_BYTES != given.length) revert EnergyWrongPositions(b.firstSlot);
    }

    /// @dev Metered minus contracted, slot by slot, in whole words.
    function _widen(Batch memory b, uint256 i) private pure returns (int256[] memory deviations) {
        deviations = new int256[](b.count);
        for (uint256 t = 0; t < deviations.length; ++t)
            deviations[t] = _valueAt(b, i, t) - CurveOrders.positionAt(b.positions[i], t);
    }

    function _valueAt(Batch memory b, uint256 i, uint256 t) private pure returns (int256) {
        return int256(int32(uint32(CurveOrders.accountAt(b.pointer + i * METER_BYTES + 4 * t))));
    }

    // --- internal: sums and rates ---

    /// @dev The tariff never rewards a deviation: surplus earns at most, shortage costs at least the slot's price.
    function _openCells(Batch memory b, bytes calldata prices, Tariff memory tariff) internal pure {
        uint256 number = prices.length / 4;
        uint256 pointer = _offset(prices);
        (int256 longTick, int256 shortTick) = (tariff.longTick, tariff.shortTick);
        DeviationCell[] memory cells = new DeviationCell[](number);
        for (uint256 i = 0; i < number; ++i) {
            int256 price = int256(int32(uint32(CurveOrders.accountAt(pointer))));
            DeviationCell memory cell = cells[i];
            cell.price = price;
            cell.longPrice = price != NO_PRICE && price < longTick ? price : longTick;
            cell.shortPrice = price != NO_PRICE && price > shortTick ? price : shortTick;
            pointer += 4;
        }
        b.cells = cells;
        uint256 zones = number / b.count;
        b.counted = new uint256[](zones);
        b.laneBytes = MeterValues.size(b.count);
        b.lanes = MeterValues.zeros(zones * b.laneBytes);
        b.shareBytes = MeterValues.sharesSize(b.count);
        b.shares = MeterValues.zeros(zones * b.shareBytes);
    }

    /// @dev Sums the deviations of everybody with a meter.
    function _deviate(Batch memory b) internal pure {
        uint256 count = b.count;
        uint256 metered = b.pointer;
        uint256 number = b.accounts.length;
        unchecked {
            for (uint256 i = 0; i < number; ++i) {
                uint256 word = b.words[i];
                if (word & 1 == 1) {
                    uint256 zone = uint8(word >> 8);
                    // Also refuses an account in no zone of the book.
                    uint256 counted = b.counted[zone];
                    if (b.wide[i].length != 0) {
                        for (uint256 t = 0; t < count; ++t) MeterValues.add(b.cells[zone * count + t], b.wide[i][t]);
                    } else {
                        b.counted[zone] = counted + 1;
                        uint256 lanes = b.lanes + zone * b.laneBytes;
                        b.deviations[i] = MeterValues.deviate(lanes, count, metered, b.positions[i]);
                    }
                }
                metered += METER_BYTES;
            }
        }
        _total(b);
    }

    function _total(Batch memory b) private pure {
        DeviationCell[] memory cells = b.cells;
        uint256 lanes = b.lanes;
        uint256 i = 0;
        unchecked {
            for (uint256 z = 0; z < b.counted.length; ++z) {
                uint256 counted = b.counted[z];
                for (uint256 t = 0; t < b.count; ++t) {
                    (uint256 longWh, uint256 shortWh) = MeterValues.totals(lanes, t, counted);
                    DeviationCell memory cell = cells[i++];
                    cell.longWh += longWh;
                    cell.shortWh += shortWh;
                }
                lanes += b.laneBytes;
            }
        }
    }

    /// @dev Where a slot has a price, the shorter side of the deviations is netted in full.
    /// @param before Sums of the accounts before these, as `MeterValues.packSums` packs them; nothing when there are none.
    function _rate(Batch memory b, bytes calldata before) internal pure {
        (uint256 lanes, uint256 shares) = (b.lanes, b.shares);
        uint256 i = 0;
        unchecked {
            for (uint256 z = 0; z < b.counted.length; ++z) {
                for (uint256 t = 0; t < b.count; ++t) {
                    DeviationCell memory cell = b.cells[i];
                    if (cell.price != NO_PRICE) cell.nettedWh = cell.longWh < cell.shortWh ? cell.longWh : cell.shortWh;
                    uint256 earlier = before.length == 0 ? 0 : uint256(bytes32(before[32 * i:32 * i + 32]));
                    MeterValues.rate(lanes, shares, t, cell, earlier);
                    ++i;
                }
                lanes += b.laneBytes;
                shares += b.shareBytes;
            }
        }
    }

    function _due(Batch memory b, uint256 i, uint256 deadBandWh) internal pure returns (int256, uint256) {
        uint256 zone = uint8(b.words[i] >> 8);
        uint256 shares = b.shares + zone * b.shareBytes;
        if (b.wide[i].length != 0) return _dueWide(b, b.wide[i], zone * b.count, shares, deadBandWh);
        return MeterValues.pay(b.lanes + zone * b.laneBytes, shares, b.count, b.deviations[i], deadBandWh);
    }

    function _dueWide(
        Batch memory b,
        int256[] memory deviations,
        uint256 first,
        uint256 shares,
        uint256 deadBandWh
    ) private pure returns (int256 money, uint256 outside) {
        for (uint256 t = 0; t < deviations.length; ++t) {
            money += MeterValues.settle(b.cells[first + t], MeterValues.shareAt(shares, t), deviations[t]);
            outside += MeterValues.outside(deviations[t], deadBandWh);
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

    function _offset(bytes calldata data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }
}
