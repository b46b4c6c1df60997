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

    /// @notice A tariff was announced.
    event TariffSet(
        uint256 indexed tariff,
        uint32 indexed fromSlot,
        int32 longTick,
        int32 shortTick,
        uint32 deadBandWh,
        uint32 penaltyTicks
    );
    /// @notice The deviations of a book were paid.
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
    /// @notice The deviations of this book were paid before.
    /// @dev Nothing to do.
    error EnergyDeviationsPaid(uint32 firstSlot);
    /// @notice The account has a position but no measured values here, or they are not what its meter posted.
    /// @dev Add every account with a position, with the values of `MeterDayPosted`.
    error EnergyMeterMismatch(uint32 account);

    /// @notice A tariff by number.
    function tariffOf(uint256 tariff) external view returns (Tariff memory);

    /// @notice How many tariffs were announced.
    function tariffCount() external view returns (uint256);

    /// @notice Whether the deviations of a book were paid.
    function isPaid(uint32 firstSlot) external view returns (bool);

    /// @notice Announces the next tariff.
    function setTariff(Tariff calldata tariff) external;

    /// @notice Pays the deviations of a settled or void book. Anyone may call.
    function settle(Book calldata book) external;
}
