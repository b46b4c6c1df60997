// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SlotOutcome} from "../libraries/UniformPrice.sol";
import {IAccountBook} from "./IAccountBook.sol";

/// @title ITickBook
/// @notice A market without any operator: orders go to one of a few price levels on chain, anybody clears a slot at a
/// cost that does not depend on the number of orders, and everybody claims his own share.
/// @dev Orders are binding: a cancellation would break the prefix that fixes each share of a rationed level.
interface ITickBook is IAccountBook {
    /// @notice One order: `level` is the price `BASE_TICK + level × TICK_WIDTH`.
    struct Placement {
        uint32 slot;
        bool isOffer;
        uint8 level;
        uint32 energyWh;
    }

    /// @notice How a slot ended.
    struct Result {
        bool cleared;
        SlotOutcome outcome;
        int32 tick;
        /// @notice The level that proves the price; orders there are rationed.
        uint8 level;
        uint32 boughtAtWh;
        uint32 demandAtWh;
        uint32 soldAtWh;
        uint32 supplyAtWh;
    }

    /// @notice An order was placed. `beforeWh` is what stood at the same level before it.
    event OrderPlaced(
        uint32 indexed slot,
        uint32 indexed account,
        bool isOffer,
        uint8 level,
        uint32 energyWh,
        uint32 beforeWh
    );
    /// @notice A slot was cleared.
    event TickSlotCleared(uint32 indexed slot, int32 tick, uint256 volumeWh, SlotOutcome outcome);
    /// @notice An order was paid out: `fillWh` traded at the slot's price, the rest of its lock credited.
    event OrderClaimed(uint32 indexed slot, uint32 indexed account, uint256 fillWh);

    /// @notice Orders of a slot are taken until its gate closes, and not more than the ring ahead.
    /// @dev Place within [opensAt, closesAt).
    error TickWindow(uint32 slot, uint256 opensAt, uint256 closesAt);
    /// @notice The level does not exist.
    /// @dev Use 0 to `LEVELS` - 1.
    error TickUnknownLevel(uint8 level);
    /// @notice An order must be for some energy.
    /// @dev Give at least `MINIMUM_WH`.
    error TickTooSmall(uint32 energyWh);
    /// @notice The account has an order for this slot already.
    /// @dev One order a slot and account; register a second account for a second step.
    error TickOrderExists(uint32 slot, uint32 account);
    /// @notice The account's order in this place of the ring was never claimed.
    /// @dev Claim `slot` first.
    error TickUnclaimed(uint32 slot, uint32 account);
    /// @notice The place of the ring holds a slot that nobody cleared.
    /// @dev Clear `slot` first; anybody can.
    error TickUncleared(uint32 slot);
    /// @notice The slot was cleared before.
    /// @dev Claim from it.
    error TickAlreadyCleared(uint32 slot);
    /// @notice The level cannot hold more than 2^32 - 1 Wh.
    /// @dev Use a neighbouring level.
    error TickLevelFull(uint32 slot, uint8 level);
    /// @notice There is nothing to claim: no order, or it was claimed before.
    /// @dev Check the slot and the account.
    error TickNothingToClaim(uint32 slot, uint32 account);
    /// @notice The levels given at deployment leave the range of prices.
    /// @dev 2 to 256 levels, a width of at least 1, all within -16,384 and 16,383.
    error TickBadLevels();

    function LEVELS() external view returns (uint256);

    /// @notice The price of level 0.
    function BASE_TICK() external view returns (int256);

    function TICK_WIDTH() external view returns (uint256);

    /// @notice How a slot ended.
    function resultOf(uint32 slot) external view returns (Result memory);

    /// @notice What stands at a level, while the slot is in the ring.
    function levelOf(uint32 slot, bool isOffer, uint8 level) external view returns (uint32 energyWh);

    /// @notice Opens an account for the caller.
    function register() external returns (uint32 account);

    /// @notice Withdraws to the owner. What orders may cost is locked already, so nothing has to wait.
    function withdraw(uint32 account, uint256 amountMicro) external;

    /// @notice Places orders, a whole day at once if wanted; locks the most they can cost.
    function place(uint32 account, Placement[] calldata orders) external;

    /// @notice Clears a slot whose gate has closed. Anyone may call.
    function clear(uint32 slot) external;

    /// @notice Credits what an order bought, sold and left. Anyone may call.
    function claim(uint32 slot, uint32 account) external;
}
