// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IEnergyBalancing
/// @notice Settles what meters measured against what was contracted: first among neighbours at the slot's price, then
/// with the balance-responsible party at two prices, then an optional penalty outside a dead-band.
interface IEnergyBalancing {
    /// @notice Prices of deviations, in ticks, valid from a slot on.
    struct Tariff {
        uint32 fromSlot;
        /// @notice Paid for surplus energy; never more than the slot's price.
        int32 longTick;
        /// @notice Charged for missing energy; never less than the slot's price.
        int32 shortTick;
        uint32 deadBandWh;
        /// @notice Ticks for each Wh of deviation outside the dead-band.
        uint32 penaltyTicks;
    }

    /// @notice One book to settle, as the exchange committed to it.
    struct Book {
        uint32 firstSlot;
        uint256 count;
        uint256 tariff;
        /// @notice Published prices: zone-major, 4 bytes each.
        bytes prices;
        /// @notice Positions of posted orders: slot - firstSlot 1 byte ‖ account 4 ‖ Wh 4.
        bytes posted;
        /// @notice Positions of the records: account 4 ‖ count × Wh 4.
        bytes positions;
        /// @notice Everybody with a position, and metered accounts without: account 4 ‖ 96 × Wh 4, ascending.
        bytes metered;
    }

    /// @notice How far the parts of a book are summed.
    struct Progress {
        /// @notice Chain of the records' positions so far.
        bytes32 positions;
        uint32 lastAccount;
        /// @notice Posted orders whose accounts were in a part.
        uint256 matched;
        /// @notice Zone-major, one word a slot: surplus 128 bits | shortage 128. Nothing before the first part.
        bytes sums;
        /// @notice For each part, the hash of its positions, its metered values and the sums before it.
        bytes32[] parts;
    }

    /// @notice A tariff was announced.
    event TariffSet(
        uint256 indexed tariff,
        uint32 indexed fromSlot,
        int32 longTick,
        int32 shortTick,
        uint32 deadBandWh,
        uint32 penaltyTicks
    );
    /// @notice A part was added to a book's sums; `last` when these are the sums by which its parts are paid.
    event DeviationsSummed(uint32 indexed firstSlot, bool last, Progress progress);
    /// @notice The deviations of a book, of a part of it, or of latecomers were paid.
    event DeviationsSettled(uint32 indexed firstSlot, uint256 accounts, int256 balancePartyMicro, uint256 penaltyMicro);

    /// @notice The long price exceeds the short price, or one is beyond ±2^24 ticks.
    /// @dev Surplus must never be worth more than shortage costs.
    error EnergyTariffOrder(int32 longTick, int32 shortTick);
    /// @notice A tariff must begin after the last one and at least 36 hours ahead, before gates open.
    /// @dev Choose a later slot.
    error EnergyTariffTooSoon(uint32 fromSlot, uint256 earliest);
    /// @notice This tariff is not the one valid for the book.
    /// @dev Name the last tariff whose `fromSlot` is not after the book's first slot.
    error EnergyWrongTariff(uint256 tariff);
    /// @notice Prices and positions are not what the exchange committed to, or the book is still open.
    /// @dev Rebuild them with the SDK's `replaySettlement`.
    error EnergyWrongPositions(uint32 firstSlot);
    /// @notice The deviations of this book (or part, or account) were paid before, or are being paid in parts.
    /// @dev If `isPaid` is false, pay the parts of the last `DeviationsSummed`; else there is nothing to do.
    error EnergyDeviationsPaid(uint32 firstSlot);
    /// @notice Latecomers are settled once the book is.
    /// @dev Settle the book first; anybody can.
    error EnergyDeviationsOpen(uint32 firstSlot);
    /// @notice The part, or what it continues, is not what was summed.
    /// @dev Use the progress of a `DeviationsSummed`, and the parts exactly as they were summed.
    error EnergyWrongParts(uint32 firstSlot);
    /// @notice A book has at most 256 parts.
    /// @dev Make the parts larger.
    error EnergyTooManyParts();
    /// @notice An account with posted orders is in no part.
    /// @dev Add every account with a position.
    error EnergyPostsUnmatched(uint256 matched, uint256 posted);
    /// @notice The account has a position but no measured values here, or they are not what its meter posted.
    /// @dev Add every account with a position, with the values of `MeterDayPosted`; if nothing was posted until
    /// `METER_DELAY` after the day, with what it bought in each slot, and zero where it sold.
    error EnergyMeterMismatch(uint32 account);

    /// @notice A tariff by number.
    function tariffOf(uint256 tariff) external view returns (Tariff memory);

    /// @notice How many tariffs were announced.
    function tariffCount() external view returns (uint256);

    /// @notice Seconds after a day until a meter that has posted nothing counts as having delivered nothing, and as having
    /// taken what was bought: nobody holds up the others, and nobody gains by silence.
    function METER_DELAY() external view returns (uint256);

    /// @notice Zero while a book's deviations are open, 1 when they are paid; between, the hash of what its parts are paid by.
    function stateOf(uint32 firstSlot) external view returns (bytes32 state);

    /// @notice Whether the deviations of a book were paid.
    function isPaid(uint32 firstSlot) external view returns (bool);

    /// @notice Whether an account's deviations were paid.
    function isAccountPaid(uint32 firstSlot, uint32 account) external view returns (bool);

    /// @notice Announces the next tariff.
    function setTariff(Tariff calldata tariff) external;

    /// @notice Pays the deviations of a settled or void book. Anyone may call.
    function settle(Book calldata book) external;

    /// @notice Adds a part of a book to its sums, where one transaction cannot carry the book: consecutive accounts with
    /// their positions and metered values, and all posted orders. Anyone may call; sums in the making stand side by side,
    /// so wrong parts hold up nobody.
    /// @param before Nothing, or the progress of an earlier part.
    /// @param last The sums are complete: they must be those of the book, and its parts are paid by them.
    function sum(Book calldata part, Progress calldata before, bool last) external;

    /// @notice Pays part `index` of a book that is summed; parts in any order. Anyone may call.
    /// @param sums Of the whole book.
    /// @param parts Hashes of its parts.
    /// @param before The sums before the part.
    function payPart(
        Book calldata part,
        bytes calldata sums,
        bytes32[] calldata parts,
        uint256 index,
        bytes calldata before
    ) external;

    /// @notice Settles metered accounts without a position which were not among those of the settled book, alone: at the
    /// two prices. Anyone may call.
    /// @param book `metered` are the latecomers; `posted` and `positions` are empty.
    /// @param posted Hash of the book's posted positions.
    /// @param positions Hash of the book's positions.
    function settleLate(Book calldata book, bytes32 posted, bytes32 positions) external;
}
