// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The half of the operator's contract the exchange reads.
interface IBookReader {
    /// @notice The root the operator committed for a book before its gate closed; zero when none.
    function rootOf(uint32 firstSlot) external view returns (bytes32);
}

/// @title IMarketOperator
/// @notice Keeps the one thing an operator can do wrong, leaving an order out, provable and costly.
/// @dev The book's leaves are account 32 bits | struct hash of the curve without its lowest 32 bits, accounts strictly
/// ascending; groups of 128 leaves are hashed, and the root is the hash of the groups' hashes, its lowest byte replaced by
/// the number of slots.
interface IMarketOperator is IBookReader {
    /// @notice A sealed book was committed.
    event BookCommitted(uint32 indexed firstSlot, bytes32 root);
    /// @notice The bond grew.
    event BondDeposited(address indexed payer, uint256 amountMicro);
    /// @notice The operator asked for bond back; payable at `payableAt`.
    event BondWithdrawalAnnounced(uint256 amountMicro, uint256 payableAt);
    /// @notice Bond was paid back.
    event BondWithdrawn(uint256 amountMicro);
    /// @notice The operator had signed for an order and left it out; the account's owner was paid from the bond.
    event OmissionProven(uint32 indexed firstSlot, uint32 indexed account, address indexed owner, uint256 paidMicro);

    /// @notice Only the operator may do this.
    /// @dev Use the operator's key.
    error OperatorOnly(address caller);
    /// @notice The gate of the book has closed.
    /// @dev Commit earlier; traders can still post on chain until their slot's gate.
    error OperatorGateClosed(uint32 firstSlot, uint256 closedAt);
    /// @notice A book was committed before, or the root is zero.
    /// @dev One book a first slot, for ever.
    error OperatorRootTaken(uint32 firstSlot);
    /// @notice A challenge is possible from gate close until `until`.
    /// @dev Challenge within the window.
    error OperatorChallengeWindow(uint256 from, uint256 until);
    /// @notice The receipt is not signed by the operator.
    /// @dev Use the receipt exactly as the operator issued it.
    error OperatorBadReceipt();
    /// @notice The order had been cancelled when the gate closed.
    /// @dev A receipt for a retired nonce proves nothing.
    error OperatorOrderCancelled(uint32 account, uint16 nonce);
    /// @notice The groups or leaves do not hash to the committed root.
    /// @dev Rebuild them from the published book with the SDK's `omissionProof`.
    error OperatorWrongProof(uint256 part);
    /// @notice The leaves shown do not prove that the order is missing.
    /// @dev Show the group in which the account would stand, and the next one when it would stand last.
    error OperatorNotOmitted(uint32 account);
    /// @notice This omission was paid before.
    /// @dev Nothing to do.
    error OperatorAlreadyPaid(uint32 firstSlot, uint32 account);
    /// @notice No bond can be paid out now.
    /// @dev Announce, then wait until every book committed before is beyond challenge.
    error OperatorBondLocked(uint256 payableAt);

    /// @notice What the operator signed when it took an order.
    struct Receipt {
        uint32 account;
        uint32 firstSlot;
        uint16 nonce;
        /// @notice The EIP-712 struct hash of the curve.
        bytes32 curve;
    }

    function TOKEN() external view returns (IERC20);

    /// @notice The operator's bond.
    function bondMicro() external view returns (uint256);

    /// @notice Commits the sealed book of a first slot.
    function commitBook(uint32 firstSlot, bytes32 root) external;

    /// @notice Adds to the bond. Anyone may pay.
    function depositBond(uint256 amountMicro) external;

    /// @notice Announces that bond is to be taken back.
    function announceBondWithdrawal(uint256 amountMicro) external;

    /// @notice Pays announced bond to the operator.
    function withdrawBond() external;

    /// @notice Proves that an order with a receipt is not in the committed book. Anyone may call; the owner is paid.
    /// @param signature The operator's signature of the receipt.
    /// @param groups Hashes of all groups; empty when no book was committed.
    /// @param index The group shown.
    /// @param leaves Its leaves.
    /// @param nextLeaves The leaves of the next group, when the account would stand between the two; else empty.
    function proveOmission(
        Receipt calldata receipt,
        bytes calldata signature,
        bytes32[] calldata groups,
        uint256 index,
        bytes32[] calldata leaves,
        bytes32[] calldata nextLeaves
    ) external;
}
