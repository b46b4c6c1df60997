// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAccountBook} from "./IAccountBook.sol";

/// @title IEnergyAccounts
/// @notice The ledger of the signed market, and its posted-order door: money moves here and nowhere else, and every
/// movement a market orders sums to zero by construction.
interface IEnergyAccounts is IAccountBook {
    /// @notice The contracts that may settle were fixed, for ever.
    event MarketsConnected(address indexed exchange, address indexed largeBooks, address indexed balancing);
    /// @notice An order was posted on chain. A settlement of the slot must include it.
    event OrderPosted(uint32 indexed slot, uint32 indexed account, uint48 step);
    /// @notice Every signed order of the account with a lower nonce is cancelled, for books whose gate is still open.
    event NonceRaised(uint32 indexed account, uint16 nonce);
    /// @notice A key may sign orders for the account, for books whose gate closes before `until`.
    event SessionKeySet(uint32 indexed account, address indexed key, uint40 until);
    /// @notice A withdrawal was announced; it can be made from `payableAt` to `payableAt` + 7 days.
    event WithdrawalAnnounced(uint32 indexed account, uint256 amountMicro, uint256 payableAt);
    /// @notice An account could not pay a deviation in full; the balance-responsible party bears the rest.
    event ShortfallBorne(uint32 indexed account, uint256 amountMicro);

    /// @notice The caller is not a connected market.
    /// @dev Only the exchange, the contract for large books and the balancing contract settle.
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
    /// @notice The account can raise its nonce no further.
    /// @dev Register a new account.
    error EnergyNonceExhausted(uint32 account);
    /// @notice The session key's time is over, or the time asked for is.
    /// @dev Give the account a fresh key, with an end in the future.
    error EnergySessionKeyEnded(uint32 account, address key, uint40 until);
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

    /// @notice Whether `nonce` was the account's nonce when a gate closed: begun before it, and not retired before it.
    function wasNonceValid(uint32 account, uint16 nonce, uint256 gate) external view returns (bool);

    /// @notice Whether `key` might sign for the account when a gate closed: given before it, and ending after it.
    function wasSessionKey(uint32 account, address key, uint256 gate) external view returns (bool);

    /// @notice Since when and until when a session key may sign; zeros when it was never given.
    function sessionKeyOf(uint32 account, address key) external view returns (uint40 since, uint40 until);

    /// @notice The part of the balance that no longer covers orders of books whose gate closes at `gate`, because its
    /// withdrawal was announced before.
    function reservedMicro(uint32 account, uint256 gate) external view returns (uint256);

    /// @notice The head of the slot's chain of posted orders (224 bits); zero when there are none.
    function postsOf(uint32 slot) external view returns (uint256 head);

    /// @notice `postsOf` for `count` slots of one UTC day.
    function postHeads(uint32 firstSlot, uint256 count) external view returns (uint256[] memory heads);

    /// @notice The contract that settles books in several transactions.
    function largeBooks() external view returns (address);

    /// @notice Fixes the settling contracts. Once.
    function connect(address exchange, address largeBooks_, address balancing) external;

    /// @notice Opens an account at a point of the grid.
    /// @param flags Bit 0: deviations of this account are settled against its meter.
    function register(address owner, uint8 zone, uint8 flags) external returns (uint32 account);

    /// @notice Cancels all signed orders of the account for books whose gate has not closed.
    function raiseNonce(uint32 account) external returns (uint16 nonce);

    /// @notice Lets `key` sign orders for books whose gate closes before `until`; zero revokes, for books still open. A running
    /// key can be prolonged; one that has ended is not given again, so that nobody chooses afterwards what it had signed.
    function setSessionKey(uint32 account, address key, uint40 until) external;

    /// @notice Announces a withdrawal; replaces an earlier announcement, zero cancels it.
    function announceWithdrawal(uint32 account, uint64 amountMicro) external;

    /// @notice Pays an announced withdrawal to the owner. Anyone may call.
    function withdraw(uint32 account) external;

    /// @notice Posts an order on chain: nobody's permission, nobody can leave it out. Nothing is locked: the balance must
    /// cover it now, and when the slot is settled.
    /// @param step side 1 bit ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits.
    function post(uint32 slot, uint32 account, uint48 step) external;

    /// @notice Market only: moves money; `residual` receives what the others' changes leave over.
    /// @dev Account 0 is the escrow of settlements in several transactions; nobody owns it.
    /// @param entries account 32 | signed change 224, in µ.
    /// @param upTo Whether debits stop at an empty account (deviations) or revert (trades, where the residual must not pay).
    function move(uint256[] calldata entries, uint32 residual, bool upTo) external returns (int256 residualMicro);
}
