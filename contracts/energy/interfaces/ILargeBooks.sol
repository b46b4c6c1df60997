// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where the settlement of a large book stands.
/// @dev `Collecting`: orders are verified and their worst cases held in escrow. `Counting`: all are in; anybody counts them
/// around the prices he claims. `Serving`: prices are proven; everybody gets what is his. `Voiding`: nobody proved prices in
/// time; everybody gets his escrow back.
enum Stage {
    None,
    Collecting,
    Counting,
    Serving,
    Voiding
}

/// @title ILargeBooks
/// @notice Settles a book that does not fit into one transaction, in parts anybody may add, with the result it would have in
/// one, however it is cut.
/// @dev The state of a session is passed from call to call; the chain keeps its hash, events carry it. Parts are collected
/// once: what is collected was verified in that very call, and whoever continues can only continue. Counting is free to
/// compete: states of the count are kept side by side, so wrong prices hold up nobody. A part is known by the hash of its
/// core: records as account 4 bytes ‖ zone 2 ‖ count × step 6, posted orders as cell + 1 in 2 bytes (0 = absent) ‖ slot -
/// firstSlot 1 ‖ account 4 ‖ step 6.
interface ILargeBooks {
    /// @notice The state of a session, ABI-encoded in `SessionMoved` and in every call.
    struct Session {
        uint32 firstSlot;
        uint32 count;
        Stage stage;
        /// @notice Something was taken that no committed root vouches for.
        bool selected;
        /// @notice Posted orders of slots from this index on are collected.
        uint32 postSlot;
        /// @notice If not zero, those of slot `postSlot` only from behind this head on.
        uint256 postHead;
        uint32 lastAccount;
        uint32 orders;
        /// @notice Groups of the committed book that are collected.
        uint32 done;
        /// @notice The hashes of the committed book's groups.
        bytes32[] groups;
        /// @notice Hashes of the collected parts; the first `postParts` are posted orders, the last of them first.
        bytes32[] parts;
        uint32 postParts;
        /// @notice Parts served.
        uint32 next;
        uint256 escrowMicro;
        bytes32 pricesHash;
        bytes32 postedHash;
        bytes32 positions;
        /// @notice What serving needs of each cell, 64 bytes each.
        bytes cells;
    }

    /// @notice A session moved on; `state` is its new state, ABI-encoded.
    event SessionMoved(uint32 indexed firstSlot, Stage stage, bytes state);
    /// @notice Parts were counted around claimed prices. `cells` are the sums so far.
    event PartsCounted(uint32 indexed firstSlot, bytes32 indexed pricesHash, uint256 next, bytes cells);

    /// @notice The state given is not the session's.
    /// @dev Use the state of the last `SessionMoved` (or, of a count, of `PartsCounted`).
    error LargeWrongState(uint32 firstSlot);
    /// @notice The session is not at the stage this step belongs to.
    /// @dev Look at the session's stage: collect, then count, then serve.
    error LargeWrongStage(uint32 firstSlot, Stage stage);
    /// @notice Part `index` is not the one that was collected there.
    /// @dev Give the cores in the order of collection (serving: posted orders from the last part to the first).
    error LargeWrongPart(uint256 index);
    /// @notice A book cannot hold more orders.
    /// @dev Use books of fewer slots.
    error LargeTooManyOrders(uint256 orders);

    /// @notice The hash of a session's state; zero when there is none.
    function sessionOf(uint32 firstSlot) external view returns (bytes32 state);

    /// @notice Opens a session and takes the book's slots.
    /// @param groups The group hashes of the committed book; none after the fallback deadline or without one.
    function open(uint32 firstSlot, uint32 count, bytes32[] calldata groups) external;

    /// @notice Collects posted orders, from the last slot to the first: those of the slots from `from` to where the session
    /// stands, in the order of posting.
    /// @param before The head of slot `from`'s chain before the first order given; zero when all of the slot are given.
    function collectPosts(bytes calldata state, uint32 from, uint256 before, bytes calldata posted) external;

    /// @notice Collects records, accounts ascending; in groups of 128 while the committed book binds.
    /// @param last Whether these are the last.
    function collect(bytes calldata state, bytes calldata orders, bool last) external;

    /// @notice Counts parts around the prices claimed; with the last part, proves the prices.
    /// @param next How many parts are counted, and `cells` the sums of that count.
    function count(
        bytes calldata state,
        bytes calldata prices,
        uint256 next,
        bytes calldata cells,
        bytes[] calldata parts
    ) external;

    /// @notice Serves the next parts, or gives their escrow back; with the last one, closes the book.
    function serve(bytes calldata state, bytes[] calldata parts) external;

    /// @notice After the void deadline, ends a session whose prices nobody has proven.
    function abandon(bytes calldata state) external;
}
