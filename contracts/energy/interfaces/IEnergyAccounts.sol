// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAccountBook} from "./IAccountBook.sol";

/// @title IEnergyAccounts
/// @notice The ledger of the signed market, and its posted-order door: money moves here and nowhere else, and every
/// movement a market orders sums to zero by construction.
interface IEnergyAccounts is IAccountBook {
    /// @notice The two contracts that may settle were fixed, for ever.
    event MarketsConnected(address indexed exchange, address indexed balancing);
    /// @notice An order was posted on chain and the most `step` can cost locked. A settlement of the slot must include it.
    event OrderPosted(uint32 indexed slot, uint32 indexed account, uint48 step);
    /// @notice Posted orders left the queue, to be settled or because the slot is void; their locks are balance again.
    event PostsReleased(uint32 indexed slot, uint256 count);
    /// @notice Every signed order of the account with a lower nonce is cancelled, for books whose gate is still open.
    event NonceRaised(uint32 indexed account, uint16 nonce);
    /// @notice A key may sign orders for the account, for books whose gate closes before `until`.
    event SessionKeySet(uint32 indexed account, address indexed key, uint40 until);
    /// @notice A withdrawal was announced; it can be made from `payableAt` to `payableAt` + 7 days.
    event WithdrawalAnnounced(uint32 indexed account, uint256 amountMicro, uint256 payableAt);
    /// @notice An account could not pay a deviation in full; the balance-responsible party bears the rest.
    event ShortfallBorne(uint32 indexed account, uint256 amountMicro);

    /// @notice The caller is not a connected market.
    /// @dev Only the exchange and the balancing contract settle.
    error EnergyNotMarket(address caller);
    /// @notice The markets were fixed before, or are not fixed yet.
    /// @dev Connect exactly once, before the first deposit.
    error EnergyConnection(bool connected);
    /// @notice Posting is open from the horizon until the gate of the slot closes.
    /// @dev Post at a time in [opensAt, closesAt).
    error EnergyPostWindow(uint32 slot, uint256 opensAt, uint256 closesAt);
    /// @notice The order is too small to be worth every settler's gas.
    /// @dev Post at least `minimumWh`.
    error EnergyPostTooSmall(uint256 energyWh, uint256 minimumWh);
    /// @notice The queue's place is still held by an older slot whose orders were never settled.
    /// @dev Settle that slot, or void it once its deadline has passed.
    error EnergyPostsPending(uint32 slot);
    /// @notice The posted orders given do not match what was posted for the slot: one is missing, added or out of order.
    /// @dev Replay `OrderPosted` in order; every posted order must be included.
    error EnergyPostsOmitted(uint32 slot);
    /// @notice The account can raise its nonce no further.
    /// @dev Register a new account.
    error EnergyNonceExhausted(uint32 account);
    /// @notice Nothing can be withdrawn now.
    /// @dev Announce first; pay out in [payableAt, payableAt + 7 days).
    error EnergyWithdrawalNotPayable(uint32 account, uint256 payableAt);
    /// @notice A trade settlement would have taken money from the network operator: prices and flows do not match.
    /// @dev This cannot follow from a verified clearing; report it.
    error EnergyUnbalanced(int256 residualMicro);

    /// @notice Seconds before a slot begins at which its gate closes.
    function GATE_LEAD() external view returns (uint256);

    /// @notice How long an announced withdrawal waits: longer than any book that was closed before can stay unsettled.
    function WITHDRAWAL_DELAY() external view returns (uint256);

    /// @notice The account words in the order asked for: owner 160 | balance 64 | nonce 16 | zone 8 | flags 8.
    function load(uint256[] calldata accounts) external view returns (uint256[] memory words);

    /// @notice Whether `nonce` was the account's nonce, or one not yet retired, when a gate closed.
    function wasNonceValid(uint32 account, uint16 nonce, uint256 gate) external view returns (bool);

    /// @notice Until when a session key may sign; zero when never.
    function sessionKeyUntil(uint32 account, address key) external view returns (uint40);

    /// @notice The part of the balance that no longer covers orders of books whose gate closes at `gate`, because its
    /// withdrawal was announced before.
    function reservedMicro(uint32 account, uint256 gate) external view returns (uint256);

    /// @notice The head of the slot's chain of posted orders (224 bits), and whether it still has to be settled.
    function postsOf(uint32 slot) external view returns (uint256 head, bool open);

    /// @notice Fixes the two settling contracts. Once.
    function connect(address exchange, address balancing) external;

    /// @notice Opens an account at a point of the grid.
    /// @param flags Bit 0: deviations of this account are settled against its meter.
    function register(address owner, uint8 zone, uint8 flags) external returns (uint32 account);

    /// @notice Cancels all signed orders of the account for books whose gate has not closed.
    function raiseNonce(uint32 account) external returns (uint16 nonce);

    /// @notice Lets `key` sign orders for books whose gate closes before `until`; zero revokes, for books still open.
    function setSessionKey(uint32 account, address key, uint40 until) external;

    /// @notice Announces a withdrawal; replaces an earlier announcement, zero cancels it.
    function announceWithdrawal(uint32 account, uint64 amountMicro) external;

    /// @notice Pays an announced withdrawal to the owner. Anyone may call.
    function withdraw(uint32 account) external;

    /// @notice Posts an order on chain: nobody's permission, nobody can leave it out.
    /// @param step side 1 bit ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits.
    function post(uint32 slot, uint32 account, uint48 step) external;

    /// @notice Market only: checks that `posted` is exactly what was posted for the slots, and frees the locks.
    /// @param posted Per order, slots ascending: slot - firstSlot 1 byte ‖ account 4 ‖ step 6.
    /// @return words The account word of each.
    function release(uint32 firstSlot, uint256 count, bytes calldata posted) external returns (uint256[] memory words);

    /// @notice Market only: moves money; `residual` receives what the others' changes leave over.
    /// @param entries account 32 | signed change 224, in µ.
    /// @param upTo Whether debits stop at an empty account (deviations) or revert (trades, where the residual must not pay).
    function move(uint256[] calldata entries, uint32 residual, bool upTo) external returns (int256 residualMicro);
}
