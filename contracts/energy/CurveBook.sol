// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccountBook} from "./interfaces/IAccountBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {BookStatus, IBookErrors} from "./interfaces/IEnergyExchange.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {OrderLoops} from "./libraries/OrderLoops.sol";
import {StepLanes} from "./libraries/StepLanes.sol";
import {Cell, UniformPrice} from "./libraries/UniformPrice.sol";

/// @title CurveBook
/// @notice The half of the exchange that reads orders: who signed, who is covered, what is counted, what is served.
abstract contract CurveBook is IBookErrors {
    /// @dev What a settlement builds up.
    struct Book {
        uint32 firstSlot;
        /// @notice Slots of the book.
        uint256 count;
        uint256 zoneCount;
        /// @notice Nonces, session keys and withdrawals are judged as of this moment.
        uint256 gate;
        Cell[] cells;
        /// @notice The cells' `StepLanes`, and how many bytes of them a zone has.
        uint256 lanes;
        uint256 laneBytes;
        /// @notice Working memory of `OrderLoops`.
        uint256 scratch;
        BookStatus status;
        bytes32 pricesHash;
        bytes32 postedHash;
        bytes32 positions;
    }

    /// @dev Order records in calldata.
    struct Batch {
        uint256 pointer;
        uint256 stride;
        uint256 number;
        /// @notice Account words; none for records whose heads carry the zone.
        uint256[] words;
        bytes32 domain;
        /// @notice Whether posted orders may have used up cover.
        bool joined;
        /// @notice What each counted record can cost, when asked for by giving room.
        uint256[] worsts;
    }

    /// @dev Posted orders in calldata, as `StepLanes` reads their steps.
    struct Posts {
        uint256 pointer;
        /// @notice For each, its cell + 1; zero when it counts as absent.
        uint256[] places;
    }

    IEnergyAccounts internal immutable ACCOUNTS;
    uint256 internal immutable GATE_LEAD;

    uint256 internal constant SLOT_SECONDS = 900;
    uint256 internal constant POST_BYTES = 11;
    uint256 internal constant GROUP_LEAVES = 128;
    uint8 private constant FLAG_WITHDRAWING = 2;

    constructor(IEnergyAccounts accounts) {
        ACCOUNTS = accounts;
        GATE_LEAD = accounts.GATE_LEAD();
    }

    /// @dev The EIP-712 domain of the exchange.
    function _domain() internal view virtual returns (bytes32);

    // --- internal: records ---

    /// @dev Reads the records' accounts, which must ascend from `previous` on.
    function _batch(Book memory p, bytes calldata orders, uint256 previous) internal view returns (Batch memory b) {
        b.stride = CurveOrders.stride(p.count);
        b.number = orders.length / b.stride;
        if (b.number * b.stride != orders.length) revert EnergyBadLength();
        b.pointer = _offset(orders);
        uint256[] memory accounts = LedgerCalls.list(b.number);
        (, uint256 unordered) = CurveOrders.accountsAt(b.pointer, b.stride, accounts, previous);
        if (unordered < b.number) revert EnergyIdOrder(unordered);
        b.words = LedgerCalls.loadOver(ACCOUNTS, accounts);
        b.domain = _domain();
    }

    /// @dev Verifies every record and adds it to the lanes; one hash for each group of 128 leaves.
    function _count(Book memory p, Batch memory b) internal view returns (bytes memory groups) {
        bool plain = p.count == 1 && !b.joined && b.worsts.length == 0;
        uint256 scratch = plain ? _scratch(p) : 0;
        groups = new bytes(((b.number + GROUP_LEAVES - 1) / GROUP_LEAVES) * 32);
        uint256 mark = CurveOrders.mark();
        bytes32[] memory leaves = new bytes32[](b.number);
        for (uint256 i = 0; i < b.number; ++i) {
            if (plain) i = OrderLoops.countRecords(scratch, b.pointer, b.words, leaves, i);
            if (i < b.number) leaves[i] = _countOne(p, b, b.pointer + i * b.stride, b.words[i], i);
        }
        CurveOrders.groups(leaves, GROUP_LEAVES, groups);
        CurveOrders.giveBack(mark);
    }

    function _scratch(Book memory p) internal view returns (uint256 scratch) {
        if (p.scratch == 0) p.scratch = OrderLoops.open(p.firstSlot, _domain(), p.cells, p.zoneCount);
        return p.scratch;
    }

    function _countOne(
        Book memory p,
        Batch memory b,
        uint256 pointer,
        uint256 word,
        uint256 index
    ) private view returns (bytes32 leaf) {
        (uint256 head, bytes32 hash, address signer) = CurveOrders.read(pointer, p.count, p.firstSlot, b.domain);
        unchecked {
            pointer += CurveOrders.HEAD_BYTES;
            uint256 account = (head >> 16) & ~CurveOrders.ABSENT;
            leaf = CurveOrders.leaf(account, hash);
            if (head >> 47 == 1) {
                _requireAbsent(p, b, pointer, word, head, signer, index);
                return leaf;
            }
            if (uint16(head | (word >> 16)) != 0 || signer == address(0) || signer != address(uint160(word >> 96)))
                _requireSound(p.gate, word, head, signer, index);
            uint256 zone = uint8(word >> 8);
            if (zone >= p.zoneCount) revert EnergyUnknownZone(uint32(account));
            uint256 worst =
                p.count == 1
                    ? StepLanes.tallyOne(p.cells[zone], pointer)
                    : StepLanes.tally(p.lanes + zone * p.laneBytes, p.count, pointer);
            if (worst > _available(p, account, word, b.joined)) revert IAccountBook.EnergyUncovered(uint32(account));
            if (b.worsts.length != 0) b.worsts[index] = worst;
        }
    }

    /// @dev A record may count as absent only when it is flawed or not covered.
    function _requireAbsent(
        Book memory p,
        Batch memory b,
        uint256 pointer,
        uint256 word,
        uint256 head,
        address signer,
        uint256 index
    ) private view {
        if (_flaw(p.gate, word, head, signer) != 0 || uint8(word >> 8) >= p.zoneCount) return;
        uint256 account = (head >> 16) & ~CurveOrders.ABSENT;
        if (StepLanes.cost(p.count, pointer) <= _available(p, account, word, b.joined)) revert EnergyNotAbsent(index);
    }

    function _requireSound(uint256 gate, uint256 word, uint256 head, address signer, uint256 index) private view {
        bytes4 flaw = _flaw(gate, word, head, signer);
        if (flaw == EnergyStaleNonce.selector) revert EnergyStaleNonce(index);
        if (flaw != 0) revert EnergyBadSignature(index);
    }

    /// @dev The error a record's nonce or signature deserves; zero when there is none.
    function _flaw(uint256 gate, uint256 word, uint256 head, address signer) private view returns (bytes4) {
        uint32 account = uint32((head >> 16) & ~CurveOrders.ABSENT);
        // The first nonce of an account that never raised it needs no question.
        if (uint16(head | (word >> 16)) != 0 && !ACCOUNTS.wasNonceValid(account, uint16(head), gate))
            return EnergyStaleNonce.selector;
        if (signer == address(0)) return EnergyBadSignature.selector;
        if (signer != address(uint160(word >> 96)) && !ACCOUNTS.wasSessionKey(account, signer, gate))
            return EnergyBadSignature.selector;
        return 0;
    }

    /// @dev What of a balance covers orders of this book: not what a withdrawal announced before the gate takes, nor what
    /// posted orders of the same book need.
    function _available(
        Book memory p,
        uint256 account,
        uint256 word,
        bool joined
    ) private view returns (uint256 balance) {
        balance = uint64(word >> 32);
        if (uint8(word) & FLAG_WITHDRAWING != 0) {
            uint256 reserved = ACCOUNTS.reservedMicro(uint32(account), p.gate);
            balance = reserved < balance ? balance - reserved : 0;
        }
        if (joined) {
            uint256 spent = CurveOrders.spentOf(p.firstSlot, account);
            unchecked {
                balance -= spent;
            }
        }
    }

    // --- internal: posted orders ---

    /// @dev Decides which posted orders are covered, from the last posted to the first, and adds those to the cells.
    function _countPosts(Book memory p, bytes calldata posted) internal returns (Posts memory posts) {
        uint256 number = posted.length / POST_BYTES;
        if (number == 0) return posts;
        posts.pointer = _offset(posted);
        posts.places = new uint256[](number);
        uint256[] memory accounts = LedgerCalls.list(number);
        OrderLoops.postAccounts(posts.pointer, accounts);
        uint256[] memory words = LedgerCalls.loadOver(ACCOUNTS, accounts);
        uint256 scratch = _scratch(p);
        for (uint256 i = number; i != 0;) {
            i = OrderLoops.countPosts(scratch, posts.pointer, words, posts.places, i);
            if (i == 0) break;
            --i;
            _countPost(p, posts, words[i], i);
        }
    }

    function _countPost(Book memory p, Posts memory posts, uint256 word, uint256 i) private {
        uint256 pointer = posts.pointer + i * POST_BYTES;
        uint256 account = CurveOrders.accountAt(pointer + 1);
        if (!_coverPost(p, account, word, pointer + 5)) {
            emit PostAbsent(p.firstSlot, uint32(account), i);
            return;
        }
        uint256 cell = uint8(word >> 8) * p.count + _byteAt(pointer);
        posts.places[i] = cell + 1;
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 5);
        UniformPrice.add(p.cells[cell], isOffer, tick, energyWh);
    }

    function _coverPost(Book memory p, uint256 account, uint256 word, uint256 pointer) private returns (bool) {
        if (uint8(word >> 8) >= p.zoneCount) return false;
        uint256 worst = StepLanes.cost(1, pointer);
        if (worst == 0) return true;
        if (worst > _available(p, account, word, true)) return false;
        CurveOrders.spend(p.firstSlot, account, worst);
        return true;
    }

    // --- internal: bounds and serving ---

    /// @dev Nobody is rationed at the price of slot `t`: reads its orders again for the ones nearest to the price.
    function _bound(Book memory p, Batch memory b, Posts memory posts, uint256 t) internal pure {
        uint256 pointer = b.pointer;
        uint256 step = CurveOrders.HEAD_BYTES + t * CurveOrders.STEP_BYTES;
        for (uint256 i = 0; i < b.number; ++i) {
            if (CurveOrders.accountAt(pointer) & CurveOrders.ABSENT == 0)
                _boundOne(p.cells[uint8(b.words[i] >> 8) * p.count + t], pointer + step);
            pointer += b.stride;
        }
        for (uint256 i = 0; i < posts.places.length; ++i) {
            uint256 place = posts.places[i];
            if (place != 0 && (place - 1) % p.count == t)
                _boundOne(p.cells[place - 1], posts.pointer + i * POST_BYTES + 5);
        }
    }

    function _boundOne(Cell memory cell, uint256 pointer) internal pure {
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer);
        UniformPrice.bound(cell, isOffer, tick, energyWh);
    }

    function _servePost(Book memory p, uint256 place, uint256 pointer) internal pure returns (uint256 entry) {
        Cell memory cell = p.cells[place];
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 5);
        unchecked {
            int256 position = int256(UniformPrice.take(cell, isOffer, tick, energyWh));
            if (!isOffer) position = -position;
            p.postedHash = CurveOrders.chainPost(p.postedHash, pointer, position);
            entry = _entry(CurveOrders.accountAt(pointer + 1), position * cell.price);
        }
    }

    /// @dev Serves posted orders in the order of posting, then the records; chains their positions.
    function _serve(
        Book memory p,
        Batch memory b,
        Posts memory posts
    ) internal view returns (uint256[] memory entries) {
        uint256 first = posts.places.length;
        entries = LedgerCalls.list(first + b.number);
        uint256 scratch = _scratch(p);
        p.postedHash = OrderLoops.servePosts(scratch, posts.pointer, posts.places, entries, p.postedHash);
        uint256 place;
        assembly ("memory-safe") {
            place := add(add(entries, 0x20), shl(5, first))
        }
        if (p.count == 1) {
            (p.positions, place) = OrderLoops.serveRecords(scratch, b.pointer, b.words, place, p.positions);
            LedgerCalls.cut(entries, place);
            return entries;
        }
        uint256 pointer = b.pointer;
        uint256 buffer = CurveOrders.positionBuffer(p.count);
        bytes32 chain = p.positions;
        unchecked {
            for (uint256 i = 0; i < b.number; ++i) {
                entries[first + i] = _serveOne(p, pointer, uint8(b.words[i] >> 8), buffer);
                chain = CurveOrders.chainPosition(buffer, p.count, chain);
                pointer += b.stride;
            }
        }
        p.positions = chain;
    }

    function _serveOne(
        Book memory p,
        uint256 pointer,
        uint256 zone,
        uint256 buffer
    ) internal pure returns (uint256 entry) {
        uint256 account = CurveOrders.accountAt(pointer);
        CurveOrders.clearPosition(buffer, p.count, account & ~CurveOrders.ABSENT);
        if (account & CurveOrders.ABSENT != 0) return 0;
        unchecked {
            pointer += CurveOrders.HEAD_BYTES;
            buffer += 36;
            if (p.count == 1) return _entry(account, StepLanes.fillOne(p.cells[zone], pointer, buffer));
            uint256 lanes = p.lanes + zone * p.laneBytes;
            return _entry(account, StepLanes.fill(p.cells, zone * p.count, lanes, p.count, pointer, buffer));
        }
    }

    function _byteAt(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(248, calldataload(pointer))
        }
    }

    function _offset(bytes calldata data) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }

    function _entry(uint256 account, int256 money) internal pure returns (uint256) {
        return (account << 224) | (uint256(money) & ((1 << 224) - 1));
    }
}
