// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {IBookReader, IMarketOperator} from "./interfaces/IMarketOperator.sol";

/// @title MarketOperator
/// @notice Commitments, receipts and the bond of one operator.
contract MarketOperator is IMarketOperator, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(uint32 account,uint32 firstSlot,uint16 nonce,bytes32 curve)"
    );
    uint256 private constant SLOT_SECONDS = 900;

    IEnergyAccounts public immutable ACCOUNTS;
    /// @inheritdoc IMarketOperator
    IERC20 public immutable TOKEN;
    address public immutable OPERATOR;
    /// @notice Paid for each proven omission.
    uint256 public immutable SLASH_MICRO;
    /// @notice Seconds after a book's gate within which an omission can be proven; bond waits longer than this.
    uint256 public immutable CHALLENGE_SECONDS;

    /// @inheritdoc IBookReader
    mapping(uint32 firstSlot => bytes32 root) public rootOf;
    mapping(uint32 firstSlot => mapping(uint32 account => bool paid)) private _paid;
    /// @inheritdoc IMarketOperator
    uint256 public bondMicro;
    uint128 private _withdrawalMicro;
    uint64 private _withdrawalAt;

    modifier onlyOperator() {
        if (msg.sender != OPERATOR) revert OperatorOnly(msg.sender);
        _;
    }

    constructor(
        IEnergyAccounts accounts,
        address operator,
        uint256 slashMicro,
        uint256 challengeSeconds
    ) EIP712("Publica MarketOperator", "1") {
        ACCOUNTS = accounts;
        TOKEN = accounts.TOKEN();
        OPERATOR = operator;
        SLASH_MICRO = slashMicro;
        CHALLENGE_SECONDS = challengeSeconds;
    }

    // --- write ---

    /// @inheritdoc IMarketOperator
    function commitBook(uint32 firstSlot, bytes32 root) external onlyOperator {
        uint256 gate = _gate(firstSlot);
        if (block.timestamp >= gate) revert OperatorGateClosed(firstSlot, gate);
        if (rootOf[firstSlot] != 0 || root == 0) revert OperatorRootTaken(firstSlot);
        rootOf[firstSlot] = root;
        emit BookCommitted(firstSlot, root);
    }

    /// @inheritdoc IMarketOperator
    function depositBond(uint256 amountMicro) external nonReentrant {
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amountMicro);
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        bondMicro += received;
        emit BondDeposited(msg.sender, received);
    }

    /// @inheritdoc IMarketOperator
    function announceBondWithdrawal(uint256 amountMicro) external onlyOperator {
        // Receipts can be out for books whose gate is 36 hours ahead.
        uint256 payableAt = block.timestamp + CHALLENGE_SECONDS + 36 hours;
        (_withdrawalMicro, _withdrawalAt) = (uint128(amountMicro), uint64(payableAt));
        emit BondWithdrawalAnnounced(amountMicro, payableAt);
    }

    /// @inheritdoc IMarketOperator
    function withdrawBond() external onlyOperator nonReentrant {
        if (_withdrawalMicro == 0 || block.timestamp < _withdrawalAt) revert OperatorBondLocked(_withdrawalAt);
        uint256 amount = _withdrawalMicro < bondMicro ? _withdrawalMicro : bondMicro;
        _withdrawalMicro = 0;
        bondMicro -= amount;
        emit BondWithdrawn(amount);
        TOKEN.safeTransfer(OPERATOR, amount);
    }

    /// @inheritdoc IMarketOperator
    function proveOmission(
        Receipt calldata receipt,
        bytes calldata signature,
        bytes32[] calldata groups,
        uint256 index,
        bytes32[] calldata leaves,
        bytes32[] calldata nextLeaves
    ) external nonReentrant {
        _checkReceipt(receipt, signature);
        bytes32 root = rootOf[receipt.firstSlot];
        if (root != 0) {
            _checkProof(root, groups, index, leaves, nextLeaves);
            if (!_isMissing(receipt, groups.length, index, leaves, nextLeaves))
                revert OperatorNotOmitted(receipt.account);
        }
        _payOwner(receipt);
    }

    // --- internal ---

    function _gate(uint32 firstSlot) private view returns (uint256) {
        return firstSlot * SLOT_SECONDS - ACCOUNTS.GATE_LEAD();
    }

    function _checkReceipt(Receipt calldata receipt, bytes calldata signature) private view {
        uint256 gate = _gate(receipt.firstSlot);
        if (block.timestamp < gate || block.timestamp >= gate + CHALLENGE_SECONDS)
            revert OperatorChallengeWindow(gate, gate + CHALLENGE_SECONDS);
        bytes32 hash = keccak256(
            abi.encode(RECEIPT_TYPEHASH, receipt.account, receipt.firstSlot, receipt.nonce, receipt.curve)
        );
        if (!SignatureChecker.isValidSignatureNow(OPERATOR, _hashTypedDataV4(hash), signature))
            revert OperatorBadReceipt();
        if (!ACCOUNTS.wasNonceValid(receipt.account, receipt.nonce, gate))
            revert OperatorOrderCancelled(receipt.account, receipt.nonce);
    }

    function _checkProof(
        bytes32 root,
        bytes32[] calldata groups,
        uint256 index,
        bytes32[] calldata leaves,
        bytes32[] calldata nextLeaves
    ) private pure {
        // The lowest byte of a root is the book's number of slots.
        if (keccak256(abi.encodePacked(groups)) >> 8 != root >> 8) revert OperatorWrongProof(0);
        if (index >= groups.length || keccak256(abi.encodePacked(leaves)) != groups[index])
            revert OperatorWrongProof(1);
        if (nextLeaves.length == 0) return;
        if (index + 1 >= groups.length || keccak256(abi.encodePacked(nextLeaves)) != groups[index + 1])
            revert OperatorWrongProof(2);
    }

    /// @dev The leaves shown must be where the account would stand: it lies above the first (or the group is the very
    /// first) and below the last (or there are no further groups). Leaves out of order are proof enough.
    function _isMissing(
        Receipt calldata receipt,
        uint256 groupCount,
        uint256 index,
        bytes32[] calldata leaves,
        bytes32[] calldata nextLeaves
    ) private pure returns (bool) {
        uint256 last = index == 0 ? 0 : uint256(leaves[0]) >> 224;
        if (index != 0 && receipt.account < last) return false;
        bytes32 wanted = bytes32((uint256(receipt.account) << 224) | (uint256(receipt.curve) >> 32));
        uint256 total = leaves.length + nextLeaves.length;
        for (uint256 i = 0; i < total; ++i) {
            bytes32 leaf = i < leaves.length ? leaves[i] : nextLeaves[i - leaves.length];
            if (leaf == wanted) return false;
            uint256 account = uint256(leaf) >> 224;
            if (account < last) return true;
            last = account;
        }
        bool atEnd = index + (nextLeaves.length == 0 ? 1 : 2) == groupCount;
        return atEnd || last >= receipt.account;
    }

    function _payOwner(Receipt calldata receipt) private {
        if (_paid[receipt.firstSlot][receipt.account]) revert OperatorAlreadyPaid(receipt.firstSlot, receipt.account);
        _paid[receipt.firstSlot][receipt.account] = true;
        uint256 amount = SLASH_MICRO < bondMicro ? SLASH_MICRO : bondMicro;
        bondMicro -= amount;
        address owner = ACCOUNTS.accountOf(receipt.account).owner;
        emit OmissionProven(receipt.firstSlot, receipt.account, owner, amount);
        if (amount != 0) TOKEN.safeTransfer(owner, amount);
    }
}
