// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Link, SlotOutcome} from "../libraries/UniformPrice.sol";
import {IEnergyAccounts} from "./IEnergyAccounts.sol";
import {IBookReader} from "./IMarketOperator.sol";

/// @notice How a book ended.
/// @dev `Committed`: settled from the book its operator had committed. `Fallback`: settled by somebody after the
/// operator's deadline. `Void`: never settled; no trades.
enum BookStatus {
    Open,
    Committed,
    Fallback,
    Void
}

/// @notice What a deployment fixes for ever.
struct Terms {
    IEnergyAccounts accounts;
    /// @notice Where books are committed; zero for a market without operator.
    IBookReader operator;
    /// @notice Receives grid fees and congestion rent.
    uint32 networkAccount;
    /// @notice Place of the price in the competitive interval, of 10,000.
    uint256 priceShare;
    /// @notice Seconds after the UTC day of a book until anybody's selection of signed orders is accepted.
    uint256 fallbackDelay;
    /// @notice Seconds after the UTC day of a book until it is void.
    uint256 voidDelay;
}

/// @title IBookErrors
/// @notice What reading and clearing a book can say, in one transaction or in several.
interface IBookErrors {
    /// @notice A slot was cleared in a zone. Without trade the tick is 0.
    event SlotCleared(
        uint32 indexed slot,
        uint8 indexed zone,
        int32 tick,
        uint64 volumeWh,
        uint64 demandWh,
        uint64 supplyWh,
        SlotOutcome outcome
    );
    /// @notice A posted order, by its place among those given, counts as absent: its account is in no zone of the market, or
    /// its balance does not cover it.
    event PostAbsent(uint32 indexed firstSlot, uint32 indexed account, uint256 index);
    /// @notice The accounts of the order records are not strictly ascending at record `index`.
    /// @dev Sort by account and drop duplicates; the SDK's builder does both.
    error EnergyIdOrder(uint256 index);
    /// @notice Record `index` is not signed by its account's owner or a session key valid for this book.
    /// @dev Sign for this chain, this contract, this first slot and this nonce, or count the record as absent.
    error EnergyBadSignature(uint256 index);
    /// @notice Record `index` carries a nonce that was retired before the gate closed, or lies ahead.
    /// @dev Count the record as absent.
    error EnergyStaleNonce(uint256 index);
    /// @notice Record `index` is marked absent although it is valid and covered.
    /// @dev Clear the mark: whoever settles cannot leave an order out.
    error EnergyNotAbsent(uint256 index);
    /// @notice The account is in a zone this market does not have.
    /// @dev Leave it out; ask the registrar for an account in one of the zones.
    error EnergyUnknownZone(uint32 account);
    /// @notice The order records are not the book the operator committed before the gate closed.
    /// @dev Submit exactly the published book, or wait for the fallback deadline.
    error EnergyBookMismatch(bytes32 committed, bytes32 given);
    /// @notice The posted orders given do not match what was posted for the slot: one is missing, added or out of order.
    /// @dev Replay `OrderPosted` in order; every posted order must be included.
    error EnergyPostsOmitted(uint32 slot);
    /// @notice A part of the input has the wrong length, or the book is empty or crosses midnight UTC.
    /// @dev Build the input with the SDK's `buildSettlement`.
    error EnergyBadLength();
    /// @notice The step is not due at this time.
    /// @dev Try in [from, until).
    error EnergyOutsideWindow(uint256 from, uint256 until);
}

/// @title IEnergyExchange
/// @notice Settles books of signed curves and posted orders at prices the chain verifies to clear the market, to trade
/// the most, and to be the one price the rule allows.
/// @dev A book is `count` slots from `firstSlot` (15 minutes each, unix time / 900) within one UTC day. An order record
/// in it is account 4 bytes (top bit: counted as absent) ‖ nonce 2 ‖ count × step 6 ‖ r 32 ‖ vs 32, accounts strictly
/// ascending. A step is side 1 bit (1 = offer) ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits.
interface IEnergyExchange is IBookErrors {
    /// @notice The outcome of a book.
    struct Closing {
        uint256 count;
        BookStatus status;
        bytes32 pricesHash;
        bytes32 postedHash;
        bytes32 positions;
        uint256 orders;
        int256 networkMicro;
    }

    /// @notice A book was settled or voided; `commitment` lets the balancing check prices and positions.
    event BookClosed(
        uint32 indexed firstSlot,
        uint256 count,
        uint256 orders,
        BookStatus status,
        int256 networkMicro,
        bytes32 commitment
    );

    /// @notice The slot was settled or voided before.
    /// @dev Each slot is closed once; read `SlotCleared` of the first time.
    error EnergyAlreadyClosed(uint32 slot);
    /// @notice The lines given at deployment are not a tree with parents first, or a capacity or fee is too large.
    /// @dev Number the zones so that every parent has a lower number than its children; at most 16.
    error EnergyBadTopology(uint256 zone);
    /// @notice The times given at deployment do not fit each other.
    /// @dev The withdrawal delay must outlast the longest time a closed book can stay unsettled.
    error EnergyBadTiming();
    /// @notice Only the contract that settles in several transactions may do this.
    /// @dev Call `settle`, or open a session on `LargeBooks`.
    error EnergyNotLargeBooks(address caller);

    /// @notice Zones and the lines between them.
    function links() external view returns (Link[] memory);

    /// @notice How a book ended, and the commitment to its prices and positions (0 while open).
    function bookOf(uint32 firstSlot) external view returns (BookStatus status, bytes32 commitment);

    /// @notice Whether the slot was settled or voided.
    function isClosed(uint32 slot) external view returns (bool);

    /// @notice When a book's gate closes, when it can be settled, when anybody's selection is accepted, when it is void.
    function timesOf(
        uint32 firstSlot,
        uint256 count
    ) external view returns (uint256 gate, uint256 settleFrom, uint256 fallbackFrom, uint256 voidFrom);

    /// @notice Settles a book in one transaction. Anyone may call.
    /// @param prices Zone-major, 4 bytes each: the claimed price of every zone and slot. In a slot without trade any
    /// price that proves it will do.
    /// @param orders The records.
    /// @param posted The posted orders of the slots: slot - firstSlot 1 byte ‖ account 4 ‖ step 6.
    function settle(uint32 firstSlot, bytes calldata prices, bytes calldata orders, bytes calldata posted) external;

    /// @notice Closes slots that nobody settled in time: no trades. Anyone may call.
    function voidBook(uint32 firstSlot, uint256 count) external;

    /// @notice The terms of the market.
    function terms() external view returns (Terms memory);

    /// @notice The EIP-712 domain separator of signed curves.
    function domainSeparator() external view returns (bytes32);

    /// @notice `LargeBooks` only: takes slots for a settlement in several transactions.
    function takeSlots(uint32 firstSlot, uint256 count) external;

    /// @notice `LargeBooks` only: verifies claimed prices against sums it has counted, and publishes them.
    /// @param sums As `CellWords.packSums` packs them.
    /// @return pricesHash The hash of the published prices.
    /// @return shares What serving needs, as `CellWords.packShares` packs it.
    function proveSums(
        uint32 firstSlot,
        bytes calldata prices,
        bytes calldata sums
    ) external returns (bytes32 pricesHash, bytes memory shares);

    /// @notice `LargeBooks` only: closes a book whose slots it has taken.
    function closeBook(uint32 firstSlot, Closing calldata closing) external;
}
