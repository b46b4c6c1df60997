// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookClearing} from "./BookClearing.sol";
import {BookStatus, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
import {ILargeBooks, Stage} from "./interfaces/ILargeBooks.sol";
import {CellWords} from "./libraries/CellWords.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {StepLanes} from "./libraries/StepLanes.sol";
import {Cell} from "./libraries/UniformPrice.sol";

/// @title LargeBooks
/// @notice Doors (a) and (b) for books beyond what one transaction can carry.
contract LargeBooks is ILargeBooks, BookClearing {
    uint32 private constant ESCROW = 0;
    uint256 private constant CORE_POST_BYTES = 2 + POST_BYTES;

    IEnergyExchange public immutable EXCHANGE;
    bytes32 private immutable DOMAIN;

    /// @inheritdoc ILargeBooks
    mapping(uint32 firstSlot => bytes32 state) public sessionOf;
    /// @dev States of counts: any number side by side, each reached by counting collected parts.
    mapping(bytes32 state => bool known) private _counted;

    constructor(IEnergyExchange exchange) BookClearing(exchange.terms(), exchange.links()) {
        EXCHANGE = exchange;
        DOMAIN = exchange.domainSeparator();
    }

    // --- write ---

    /// @inheritdoc ILargeBooks
    function open(uint32 firstSlot, uint32 slots, bytes32[] calldata groups) external {
        if (slots == 0) revert EnergyBadLength();
        _requireWindow(firstSlot, slots);
        EXCHANGE.takeSlots(firstSlot, slots);
        Session memory s;
        (s.firstSlot, s.count, s.postSlot, s.stage) = (firstSlot, slots, slots, Stage.Collecting);
        if (!_isFallback(s)) {
            _requireRoot(firstSlot, slots, groups.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(groups)));
            s.groups = groups;
        }
        _store(s);
    }

    /// @inheritdoc ILargeBooks
    function collectPosts(bytes calldata state, uint32 from, uint256 before, bytes calldata posted) external {
        Session memory s = _at(state, Stage.Collecting);
        _requireWindow(s.firstSlot, s.count);
        _checkPosts(s, from, before, posted);
        (s.postSlot, s.postHead) = (from, before);
        Book memory p = _bare(s);
        Posts memory posts = _countPosts(p, posted);
        uint256 number = posts.places.length;
        if (number != 0) {
            uint256[] memory entries = LedgerCalls.list(number);
            for (uint256 i = 0; i < number; ++i) {
                uint256 pointer = posts.pointer + i * POST_BYTES;
                uint256 account = CurveOrders.accountAt(pointer + 1);
                entries[i] = posts.places[i] == 0 ? 0 : _entry(account, -int256(StepLanes.cost(1, pointer + 5)));
                CurveOrders.forget(s.firstSlot, account);
            }
            _collected(s, number, CurveOrders.postCore(posts.pointer, posts.places), entries);
            ++s.postParts;
        }
        _store(s);
    }

    /// @inheritdoc ILargeBooks
    function collect(bytes calldata state, bytes calldata orders, bool last) external {
        Session memory s = _at(state, Stage.Collecting);
        if (s.postSlot != 0 || s.postHead != 0) revert EnergyPostsOmitted(s.firstSlot + s.postSlot);
        _requireWindow(s.firstSlot, s.count);
        Book memory p = _bare(s);
        Batch memory b = _batch(p, orders, s.lastAccount);
        b.worsts = new uint256[](b.number);
        _matchGroups(s, _count(p, b), last);
        if (b.number != 0) {
            uint256[] memory entries = LedgerCalls.list(b.number);
            for (uint256 i = 0; i < b.number; ++i) {
                uint256 account = CurveOrders.accountAt(b.pointer + i * b.stride) & ~CurveOrders.ABSENT;
                entries[i] = _entry(account, -int256(b.worsts[i]));
                s.lastAccount = uint32(account);
            }
            _collected(s, b.number, CurveOrders.core(b.pointer, b.stride, s.count, b.words), entries);
        }
        if (last) s.stage = Stage.Counting;
        _store(s);
    }

    /// @inheritdoc ILargeBooks
    function count(
        bytes calldata state,
        bytes calldata prices,
        uint256 next,
        bytes calldata cells,
        bytes[] calldata parts
    ) external {
        Session memory s = _at(state, Stage.Counting);
        Book memory p = _open(s.firstSlot, prices, _links.length);
        if (p.count != s.count) revert EnergyBadLength();
        bool known = next == 0 ? cells.length == 0 : _counted[_countKey(s, prices, next, cells)];
        if (!known) revert LargeWrongState(s.firstSlot);
        CellWords.unpackSums(p.cells, cells);
        for (uint256 i = 0; i < parts.length; ++i) next = _countPart(s, p, next, parts[i]);
        StepLanes.gather(p.cells, p.count, p.lanes);
        if (next < s.parts.length) {
            _note(s, prices, next, CellWords.packSums(p.cells));
            return;
        }
        // Everything is counted: the prices hold or the call fails.
        (s.pricesHash, s.cells) = EXCHANGE.proveSums(s.firstSlot, prices, CellWords.packSums(p.cells));
        s.stage = Stage.Serving;
        _finishOrStore(s);
    }

    /// @inheritdoc ILargeBooks
    function serve(bytes calldata state, bytes[] calldata parts) external {
        Session memory s = _load(state);
        if (s.stage != Stage.Serving && s.stage != Stage.Voiding) revert LargeWrongStage(s.firstSlot, s.stage);
        Book memory p = _bare(s);
        if (s.stage == Stage.Serving) {
            CellWords.unpackShares(p.cells, s.cells);
            p.lanes = StepLanes.open(p.cells, p.count);
        }
        (p.postedHash, p.positions) = (s.postedHash, s.positions);
        for (uint256 i = 0; i < parts.length; ++i) _servePart(s, p, parts[i]);
        (s.postedHash, s.positions) = (p.postedHash, p.positions);
        if (s.stage == Stage.Serving) s.cells = CellWords.packShares(p.cells);
        _finishOrStore(s);
    }

    /// @inheritdoc ILargeBooks
    function abandon(bytes calldata state) external {
        Session memory s = _load(state);
        if (s.stage != Stage.Collecting && s.stage != Stage.Counting) revert LargeWrongStage(s.firstSlot, s.stage);
        (, , , uint256 voidFrom) = _times(s.firstSlot, s.count);
        if (block.timestamp < voidFrom) revert EnergyOutsideWindow(voidFrom, type(uint256).max);
        (s.stage, s.pricesHash) = (Stage.Voiding, _noPrices(s.count));
        _finishOrStore(s);
    }

    // --- internal: the session ---

    function _load(bytes calldata state) private view returns (Session memory s) {
        s = abi.decode(state, (Session));
        if (keccak256(state) != sessionOf[s.firstSlot]) revert LargeWrongState(s.firstSlot);
    }

    function _at(bytes calldata state, Stage stage) private view returns (Session memory s) {
        s = _load(state);
        if (s.stage != stage) revert LargeWrongStage(s.firstSlot, s.stage);
    }

    function _store(Session memory s) private {
        bytes memory state = abi.encode(s);
        sessionOf[s.firstSlot] = keccak256(state);
        emit SessionMoved(s.firstSlot, s.stage, state);
    }

    /// @dev Everybody served: fees and rent leave the escrow, and the book is closed.
    function _finishOrStore(Session memory s) private {
        if (s.next < s.parts.length) {
            _store(s);
            return;
        }
        delete sessionOf[s.firstSlot];
        uint256[] memory entries = LedgerCalls.list(1);
        entries[0] = _entry(NETWORK_ACCOUNT, int256(s.escrowMicro));
        LedgerCalls.move(ACCOUNTS, entries, ESCROW, false);
        BookStatus status = s.selected ? BookStatus.Fallback : BookStatus.Committed;
        if (s.stage == Stage.Voiding) (status, s.postedHash, s.positions) = (BookStatus.Void, 0, 0);
        emit SessionMoved(s.firstSlot, Stage.None, "");
        EXCHANGE.closeBook(
            s.firstSlot,
            IEnergyExchange.Closing(
                s.count,
                status,
                s.pricesHash,
                s.postedHash,
                s.positions,
                s.orders,
                int256(s.escrowMicro)
            )
        );
    }

    function _requireWindow(uint32 firstSlot, uint256 slots) private view {
        (, uint256 from, , uint256 until) = _times(firstSlot, slots);
        if (block.timestamp < from || block.timestamp >= until) revert EnergyOutsideWindow(from, until);
    }

    function _isFallback(Session memory s) private view returns (bool) {
        (, , uint256 fallbackFrom, ) = _times(s.firstSlot, s.count);
        return block.timestamp >= fallbackFrom;
    }

    /// @dev A book without prices: enough to read orders.
    function _bare(Session memory s) private view returns (Book memory p) {
        (p.firstSlot, p.count, p.zoneCount) = (s.firstSlot, s.count, _links.length);
        (p.gate, , , ) = _times(s.firstSlot, s.count);
        p.cells = new Cell[](p.count * p.zoneCount);
        p.laneBytes = StepLanes.size(p.count);
        p.lanes = StepLanes.open(p.cells, p.count);
    }

    // --- internal: collecting ---

    /// @dev The orders given, chained behind `before`, must lead to where the session stands.
    function _checkPosts(Session memory s, uint32 from, uint256 before, bytes calldata posted) private view {
        uint256 end = s.postHead == 0 ? s.postSlot : s.postSlot + 1;
        uint256 number = posted.length / POST_BYTES;
        if (number * POST_BYTES != posted.length || from > s.postSlot) revert EnergyBadLength();
        uint256[] memory heads = ACCOUNTS.postHeads(s.firstSlot, s.count);
        if (s.postHead != 0) heads[s.postSlot] = s.postHead;
        uint256 next = 0;
        for (uint256 t = from; t < end; ++t) {
            uint256 head;
            (head, next) = CurveOrders.chainSlot(posted, next, number, t, t == from ? before : 0);
            if (head != heads[t]) revert EnergyPostsOmitted(s.firstSlot + uint32(t));
        }
        // Nothing beyond, and no head claimed of a slot that is not given.
        if (next != number || (from == end && before != s.postHead)) revert EnergyPostsOmitted(s.firstSlot + from);
    }

    /// @dev Until the fallback deadline the groups must be the committed ones, one after the other.
    function _matchGroups(Session memory s, bytes memory groups, bool last) private view {
        if (_isFallback(s)) {
            s.selected = true;
            return;
        }
        for (uint256 i = 0; i < groups.length; i += 32) {
            bytes32 group;
            assembly ("memory-safe") {
                group := mload(add(add(groups, 0x20), i))
            }
            if (s.done >= s.groups.length || group != s.groups[s.done])
                revert EnergyBookMismatch(s.done < s.groups.length ? s.groups[s.done] : bytes32(0), group);
            ++s.done;
        }
        if (last != (s.done == s.groups.length))
            revert EnergyBookMismatch(bytes32(uint256(s.groups.length)), bytes32(uint256(s.done)));
    }

    /// @dev Notes a part, and takes what its orders can cost at most into escrow.
    function _collected(Session memory s, uint256 number, bytes32 part, uint256[] memory entries) private {
        if (s.orders + number > StepLanes.CAPACITY) revert LargeTooManyOrders(s.orders + number);
        s.orders += uint32(number);
        s.parts = CellWords.append(s.parts, part);
        s.escrowMicro += uint256(LedgerCalls.move(ACCOUNTS, entries, ESCROW, false));
    }

    // --- internal: counting and serving ---

    function _note(Session memory s, bytes calldata prices, uint256 next, bytes memory sums) private {
        _counted[_countKey(s, prices, next, sums)] = true;
        emit PartsCounted(s.firstSlot, keccak256(prices), next, sums);
    }

    function _countKey(
        Session memory s,
        bytes calldata prices,
        uint256 next,
        bytes memory cells
    ) private view returns (bytes32) {
        return keccak256(abi.encode(sessionOf[s.firstSlot], prices, next, cells));
    }

    function _countPart(
        Session memory s,
        Book memory p,
        uint256 next,
        bytes calldata part
    ) private pure returns (uint256) {
        if (next >= s.parts.length || keccak256(part) != s.parts[next]) revert LargeWrongPart(next);
        uint256 pointer = _offset(part);
        uint256 end = pointer + part.length;
        if (next < s.postParts) {
            for (; pointer < end; pointer += CORE_POST_BYTES) {
                uint256 place = _byteAt(pointer) * 256 + _byteAt(pointer + 1);
                if (place == 0) continue;
                StepLanes.tallyOne(p.cells[place - 1], pointer + 7);
                _boundOne(p.cells[place - 1], pointer + 7);
            }
            return next + 1;
        }
        uint256 stride = CurveOrders.HEAD_BYTES + p.count * CurveOrders.STEP_BYTES;
        for (; pointer < end; pointer += stride) {
            if (CurveOrders.accountAt(pointer) & CurveOrders.ABSENT != 0) continue;
            uint256 zone = _byteAt(pointer + 5);
            StepLanes.tally(p.lanes + zone * p.laneBytes, p.count, pointer + CurveOrders.HEAD_BYTES);
            for (uint256 t = 0; t < p.count; ++t)
                _boundOne(p.cells[zone * p.count + t], pointer + CurveOrders.HEAD_BYTES + t * CurveOrders.STEP_BYTES);
        }
        return next + 1;
    }

    /// @dev Gives the escrow of a part back, and what its orders earn or pay with it.
    function _servePart(Session memory s, Book memory p, bytes calldata part) private {
        uint256 index = s.next;
        // Posted orders were collected from the last part to the first.
        if (index < s.postParts) index = s.postParts - 1 - index;
        if (s.next >= s.parts.length || keccak256(part) != s.parts[index]) revert LargeWrongPart(s.next);
        bool trades = s.stage == Stage.Serving;
        uint256[] memory entries = index < s.postParts ? _givePosts(p, part, trades) : _giveRecords(p, part, trades);
        ++s.next;
        s.escrowMicro = uint256(int256(s.escrowMicro) + LedgerCalls.move(ACCOUNTS, entries, ESCROW, false));
    }

    function _givePosts(Book memory p, bytes calldata part, bool trades) private pure returns (uint256[] memory list) {
        uint256 number = part.length / CORE_POST_BYTES;
        list = LedgerCalls.list(number);
        uint256 pointer = _offset(part);
        for (uint256 i = 0; i < number; ++i) {
            uint256 place = _byteAt(pointer) * 256 + _byteAt(pointer + 1);
            list[i] = 0;
            if (place != 0) {
                uint256 entry =
                    trades ? _servePost(p, place - 1, pointer + 2) : _entry(CurveOrders.accountAt(pointer + 3), 0);
                list[i] = _plus(entry, StepLanes.cost(1, pointer + 7));
            }
            pointer += CORE_POST_BYTES;
        }
    }

    function _giveRecords(
        Book memory p,
        bytes calldata part,
        bool trades
    ) private pure returns (uint256[] memory list) {
        uint256 stride = CurveOrders.HEAD_BYTES + p.count * CurveOrders.STEP_BYTES;
        uint256 number = part.length / stride;
        list = LedgerCalls.list(number);
        uint256 buffer = CurveOrders.positionBuffer(p.count);
        uint256 pointer = _offset(part);
        for (uint256 i = 0; i < number; ++i) {
            uint256 account = CurveOrders.accountAt(pointer);
            uint256 entry = trades ? _serveOne(p, pointer, _byteAt(pointer + 5), buffer) : _entry(account, 0);
            if (trades) p.positions = CurveOrders.chainPosition(buffer, p.count, p.positions);
            bool absent = account & CurveOrders.ABSENT != 0;
            list[i] = absent ? 0 : _plus(entry, StepLanes.cost(p.count, pointer + CurveOrders.HEAD_BYTES));
            pointer += stride;
        }
    }

    /// @dev An entry with more money.
    function _plus(uint256 entry, uint256 money) private pure returns (uint256) {
        return _entry(entry >> 224, (int256(entry << 32) >> 32) + int256(money));
    }

    function _domain() internal view override returns (bytes32) {
        return DOMAIN;
    }
}
