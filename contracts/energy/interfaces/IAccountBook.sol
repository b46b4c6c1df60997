// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title IAccountBook
/// @notice Numbered accounts of one currency, one storage word each: what the market's ledger and the tick book share.
/// @dev Money is in the token's smallest unit, "µ" (a token of 6 decimals makes one tick 0.1 ct/kWh for a 1.00 currency).
interface IAccountBook {
    /// @notice One account, as its word unpacks.
    struct Account {
        address owner;
        uint64 balanceMicro;
        /// @notice Signed orders carry it; raising it cancels them in bulk.
        uint16 nonce;
        uint8 zone;
        /// @notice Bit 0: metered. Bit 1: a withdrawal is announced.
        uint8 flags;
    }

    /// @notice An account was opened.
    event AccountRegistered(uint32 indexed account, address indexed owner, uint8 zone, uint8 flags);
    /// @notice Money arrived; `amountMicro` is what the contract received.
    event Deposited(uint32 indexed account, address indexed payer, uint256 amountMicro);
    /// @notice Money left to the account's owner.
    event Withdrawn(uint32 indexed account, address indexed owner, uint256 amountMicro);

    /// @notice The balance of the account does not cover what it would have to pay.
    /// @dev Deposit more, or leave the order out: an uncovered order counts as absent.
    error EnergyUncovered(uint32 account);
    /// @notice There is no account with this number.
    /// @dev Register first; numbers begin at 1.
    error EnergyUnknownAccount(uint32 account);
    /// @notice Only the account's owner may do this.
    /// @dev Send the transaction from the owner's address.
    error EnergyNotOwner(uint32 account, address caller);
    /// @notice The balance would not fit into 64 bits.
    /// @dev Split the amount over several accounts.
    error EnergyBalanceOverflow(uint32 account);
    /// @notice The zero address cannot own an account.
    /// @dev Give the owner's address.
    error EnergyZeroOwner();
    /// @notice Nothing arrived, or nothing was asked for.
    /// @dev Give an amount above zero, approve it first, and check that the token does not refuse the transfer.
    error EnergyZeroAmount();

    /// @notice The currency of every balance.
    function TOKEN() external view returns (IERC20);

    /// @notice How many accounts there are; numbers run from 1 to this.
    function accountCount() external view returns (uint32);

    /// @notice The account as it stands; all zero when there is none.
    function accountOf(uint32 account) external view returns (Account memory);

    /// @notice Pays `amountMicro` from the caller's tokens into an account, anybody's.
    function deposit(uint32 account, uint256 amountMicro) external;
}
