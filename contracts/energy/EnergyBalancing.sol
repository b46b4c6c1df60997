// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {DeviationBatch} from "./DeviationBatch.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {IEnergyBalancing} from "./interfaces/IEnergyBalancing.sol";
import {BookStatus, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {MeterValues} from "./libraries/MeterValues.sol";

/// @title EnergyBalancing
/// @notice Metered settlement of what the exchange contracted.
contract EnergyBalancing is DeviationBatch, AccessManaged {
    uint256 private constant SLOT_SECONDS = 900;
    uint256 private constant ANNOUNCE_SLOTS = 144;
    uint256 private constant PARTS = 256;
    /// @dev What `MeterValues` can multiply; a thousand times any price of the market.
    int256 private constant TICK_LIMIT = 1 << 24;
    bytes32 private constant PAID = bytes32(uint256(1));

    IEnergyExchange public immutable EXCHANGE;
    /// @notice The balance-responsible party's account: the other side of what neighbours cannot net.
    uint32 public immutable BALANCE_ACCOUNT;
    /// @notice Receives penalties.
    uint32 public immutable PENALTY_ACCOUNT;

    /// @inheritdoc IEnergyBalancing
    uint256 public tariffCount;
    mapping(uint256 tariff => Tariff) private _tariffs;
    /// @inheritdoc IEnergyBalancing
    mapping(uint32 firstSlot => bytes32 state) public stateOf;
    /// @dev Sums in the making, side by side: each was reached by adding parts, and whoever can complete one does.
    mapping(bytes32 state => bool known) private _summed;
    /// @dev Bit k: part k of what is being paid is paid.
    mapping(uint32 firstSlot => uint256 parts) private _partsPaid;
    /// @dev By account / 256: who is paid.
    mapping(uint32 firstSlot => mapping(uint256 index => uint256 accounts)) private _paid;

    constructor(
        IEnergyAccounts accounts,
        IEnergyExchange exchange,
        IMeterRegistry meters,
        uint32 balanceAccount,
        uint32 penaltyAccount,
        address manager
    ) DeviationBatch(accounts, meters) AccessManaged(manager) {
        EXCHANGE = exchange;
        BALANCE_ACCOUNT = balanceAccount;
        PENALTY_ACCOUNT = penaltyAccount;
    }

    // --- read ---

    /// @inheritdoc IEnergyBalancing
    function tariffOf(uint256 tariff) external view returns (Tariff memory) {
        return _tariffs[tariff];
    }

    /// @inheritdoc IEnergyBalancing
    function isPaid(uint32 firstSlot) external view returns (bool) {
        return stateOf[firstSlot] == PAID;
    }

    /// @inheritdoc IEnergyBalancing
    function isAccountPaid(uint32 firstSlot, uint32 account) public view returns (bool) {
        return (_paid[firstSlot][account / 256] >> (account % 256)) & 1 == 1;
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
        if (stateOf[book.firstSlot] != 0) revert EnergyDeviationsPaid(book.firstSlot);
        stateOf[book.firstSlot] = PAID;
        Tariff memory tariff = _tariffFor(book.firstSlot, book.tariff);
        Batch memory b = _read(book, 0);
        bytes32 positions = _matchPositions(b, book.positions, 0);
        bytes32 posted = _matchPosted(b, book.posted, true);
        _checkCommitment(book.firstSlot, book.count, keccak256(book.prices), posted, positions);
        _checkMeters(b);
        _openCells(b, book.prices, tariff);
        _deviate(b);
        _rate(b, book.metered[:0]);
        _pay(b, tariff);
    }

    /// @inheritdoc IEnergyBalancing
    function sum(Book calldata part, Progress calldata before, bool last) external {
        if (stateOf[part.firstSlot] != 0) revert EnergyDeviationsPaid(part.firstSlot);
        if (!_isFresh(before) && !_summed[_sumKey(part, before)]) revert EnergyWrongParts(part.firstSlot);
        if (before.parts.length == PARTS) revert EnergyTooManyParts();
        Tariff memory tariff = _tariffFor(part.firstSlot, part.tariff);
        Batch memory b = _read(part, before.lastAccount);
        Progress memory done;
        done.positions = _matchPositions(b, part.positions, before.positions);
        bytes32 posted = _matchPosted(b, part.posted, false);
        done.matched = before.matched + b.matched;
        _checkMeters(b);
        _openCells(b, part.prices, tariff);
        _deviate(b);
        done.lastAccount = b.accounts.length == 0 ? before.lastAccount : uint32(b.accounts[b.accounts.length - 1]);
        done.sums = MeterValues.packSums(b.cells, before.sums);
        done.parts = _appended(before.parts, _partHash(part, before.sums));
        emit DeviationsSummed(part.firstSlot, last, done);
        if (!last) {
            _summed[_sumKey(part, done)] = true;
            return;
        }
        if (done.matched != part.posted.length / POSTED_BYTES)
            revert EnergyPostsUnmatched(done.matched, part.posted.length / POSTED_BYTES);
        _checkCommitment(part.firstSlot, part.count, keccak256(part.prices), posted, done.positions);
        stateOf[part.firstSlot] = keccak256(abi.encode(_bookHash(part), done.sums, done.parts));
    }

    /// @inheritdoc IEnergyBalancing
    function payPart(
        Book calldata part,
        bytes calldata sums,
        bytes32[] calldata parts,
        uint256 index,
        bytes calldata before
    ) external {
        if (index >= parts.length || parts[index] != _partHash(part, before)) revert EnergyWrongParts(part.firstSlot);
        _takePart(part, sums, parts, index);
        Tariff memory tariff = _tariffFor(part.firstSlot, part.tariff);
        Batch memory b = _read(part, 0);
        _matchPositions(b, part.positions, 0);
        _matchPosted(b, part.posted, false);
        _openCells(b, part.prices, tariff);
        _deviate(b);
        MeterValues.unpackSums(b.cells, sums);
        _rate(b, before);
        _pay(b, tariff);
    }

    /// @inheritdoc IEnergyBalancing
    function settleLate(Book calldata book, bytes32 posted, bytes32 positions) external {
        if (stateOf[book.firstSlot] != PAID) revert EnergyDeviationsOpen(book.firstSlot);
        if (book.positions.length != 0) revert EnergyWrongPositions(book.firstSlot);
        _checkCommitment(book.firstSlot, book.count, keccak256(book.prices), posted, positions);
        Tariff memory tariff = _tariffFor(book.firstSlot, book.tariff);
        Batch memory b = _read(book, 0);
        for (uint256 i = 0; i < b.accounts.length; ++i)
            if (isAccountPaid(book.firstSlot, uint32(b.accounts[i]))) revert EnergyDeviationsPaid(book.firstSlot);
        _matchPositions(b, book.positions, 0);
        _checkMeters(b);
        _openCells(b, book.prices, tariff);
        _deviate(b);
        // Alone: nobody to net with.
        for (uint256 i = 0; i < b.cells.length; ++i) (b.cells[i].longWh, b.cells[i].shortWh) = (0, 0);
        _rate(b, book.positions);
        _pay(b, tariff);
    }

    // --- internal: reading ---

    function _checkCommitment(
        uint32 firstSlot,
        uint256 count,
        bytes32 prices,
        bytes32 posted,
        bytes32 positions
    ) private view {
        bytes32 given = keccak256(abi.encode(count, prices, posted, positions));
        (BookStatus status, bytes32 commitment) = EXCHANGE.bookOf(firstSlot);
        if (status == BookStatus.Open || (given >> 8) << 8 != commitment) revert EnergyWrongPositions(firstSlot);
    }

    function _tariffFor(uint32 firstSlot, uint256 number) private view returns (Tariff memory tariff) {
        tariff = _tariffs[number];
        bool last = number + 1 == tariffCount || _tariffs[number + 1].fromSlot > firstSlot;
        if (number >= tariffCount || tariff.fromSlot > firstSlot || !last) revert EnergyWrongTariff(number);
    }

    // --- internal: payments ---

    function _pay(Batch memory b, Tariff memory tariff) private {
        uint256 number = b.accounts.length;
        uint256[] memory entries = LedgerCalls.list(number + 1);
        uint256 penalties = 0;
        (uint256 deadBandWh, uint256 penaltyTicks) = (tariff.deadBandWh, tariff.penaltyTicks);
        unchecked {
            for (uint256 i = 0; i < number; ++i) {
                entries[i] = 0;
                if (b.words[i] & 1 == 0) continue;
                (int256 money, uint256 outside) = _due(b, i, deadBandWh);
                uint256 penalty = outside * penaltyTicks;
                penalties += penalty;
                entries[i] = _entry(b.accounts[i], money - int256(penalty));
            }
        }
        _mark(b);
        entries[number] = _entry(PENALTY_ACCOUNT, int256(penalties));
        int256 residual = LedgerCalls.move(ACCOUNTS, entries, BALANCE_ACCOUNT, true);
        emit DeviationsSettled(b.firstSlot, number, residual, penalties);
    }

    function _mark(Batch memory b) private {
        uint256 number = b.accounts.length;
        uint256 marks = 0;
        unchecked {
            for (uint256 i = 0; i < number; ++i) {
                uint256 account = b.accounts[i];
                marks |= 1 << (account % 256);
                if (i + 1 < number && b.accounts[i + 1] / 256 == account / 256) continue;
                _paid[b.firstSlot][account / 256] |= marks;
                marks = 0;
            }
        }
    }

    // --- internal: parts ---

    function _bookHash(Book calldata part) private pure returns (bytes32) {
        return keccak256(abi.encode(part.firstSlot, part.count, keccak256(part.prices), keccak256(part.posted)));
    }

    function _partHash(Book calldata part, bytes calldata before) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(part.positions), keccak256(part.metered), keccak256(before)));
    }

    function _sumKey(Book calldata part, Progress memory progress) private pure returns (bytes32) {
        return keccak256(abi.encode(_bookHash(part), progress));
    }

    function _isFresh(Progress calldata progress) private pure returns (bool) {
        bool nothing = progress.parts.length == 0 && progress.sums.length == 0 && progress.positions == 0;
        return nothing && progress.lastAccount == 0 && progress.matched == 0;
    }

    /// @dev Takes a part of what was summed, once; with the last one the book is paid.
    function _takePart(Book calldata part, bytes calldata sums, bytes32[] calldata parts, uint256 index) private {
        uint32 firstSlot = part.firstSlot;
        if (stateOf[firstSlot] != keccak256(abi.encode(_bookHash(part), sums, parts)))
            revert EnergyWrongParts(firstSlot);
        uint256 paid = _partsPaid[firstSlot];
        if ((paid >> index) & 1 == 1) revert EnergyDeviationsPaid(firstSlot);
        paid |= 1 << index;
        _partsPaid[firstSlot] = paid;
        if (paid == type(uint256).max >> (PARTS - parts.length)) stateOf[firstSlot] = PAID;
    }

    function _appended(bytes32[] calldata list, bytes32 item) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = item;
    }

    function _entry(uint256 account, int256 money) private pure returns (uint256) {
        return (account << 224) | (uint256(money) & ((1 << 224) - 1));
    }
}
