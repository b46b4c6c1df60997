// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAccountBook} from "./interfaces/IAccountBook.sol";

/// @title AccountBook
/// @notice Accounts, deposits and payouts.
abstract contract AccountBook is IAccountBook, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @inheritdoc IAccountBook
    IERC20 public immutable TOKEN;

    uint8 internal constant FLAG_METERED = 1;
    uint8 internal constant FLAG_WITHDRAWING = 2;
    uint256 internal constant OWNER_SHIFT = 96;
    uint256 internal constant BALANCE_SHIFT = 32;
    uint256 internal constant NONCE_SHIFT = 16;
    uint256 internal constant ZONE_SHIFT = 8;

    /// @dev owner 160 | balance 64 | nonce 16 | zone 8 | flags 8
    /// By account number; an array as wide as the numbers, so that no key has to be hashed.
    uint256[4294967296] internal _accounts;

    /// @inheritdoc IAccountBook
    uint32 public accountCount;

    constructor(IERC20 token) {
        TOKEN = token;
    }

    // --- read ---

    /// @inheritdoc IAccountBook
    function accountOf(uint32 account) external view returns (Account memory) {
        uint256 word = _accounts[account];
        return
            Account({
                owner: address(uint160(word >> OWNER_SHIFT)),
                balanceMicro: uint64(word >> BALANCE_SHIFT),
                nonce: uint16(word >> NONCE_SHIFT),
                zone: uint8(word >> ZONE_SHIFT),
                flags: uint8(word)
            });
    }

    // --- write ---

    /// @inheritdoc IAccountBook
    function deposit(uint32 account, uint256 amountMicro) public virtual nonReentrant {
        if (_accounts[account] == 0) revert EnergyUnknownAccount(account);
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amountMicro);
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        if (received == 0) revert EnergyZeroAmount();
        _accounts[account] = _credited(account, _accounts[account], received);
        emit Deposited(account, msg.sender, received);
    }

    // --- internal ---

    function _register(address owner, uint8 zone, uint8 flags) internal returns (uint32 account) {
        if (owner == address(0)) revert EnergyZeroOwner();
        account = ++accountCount;
        _accounts[account] =
            (uint256(uint160(owner)) << OWNER_SHIFT) |
            (uint256(zone) << ZONE_SHIFT) |
            (flags & FLAG_METERED);
        emit AccountRegistered(account, owner, zone, flags & FLAG_METERED);
    }

    /// @dev Pays out; the caller guards against reentrancy.
    function _pay(uint32 account, uint256 amountMicro) internal {
        uint256 word = _accounts[account];
        if (amountMicro == 0) revert EnergyZeroAmount();
        _accounts[account] = _debited(account, word, amountMicro);
        address owner = address(uint160(word >> OWNER_SHIFT));
        emit Withdrawn(account, owner, amountMicro);
        TOKEN.safeTransfer(owner, amountMicro);
    }

    /// @dev The word of an account that the caller owns.
    function _owned(uint32 account) internal view returns (uint256 word) {
        word = _accounts[account];
        if (msg.sender != address(uint160(word >> OWNER_SHIFT))) revert EnergyNotOwner(account, msg.sender);
    }

    function _credited(uint32 account, uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        if (amountMicro > type(uint64).max - uint64(word >> BALANCE_SHIFT)) revert EnergyBalanceOverflow(account);
        unchecked {
            return word + (amountMicro << BALANCE_SHIFT);
        }
    }

    function _debited(uint32 account, uint256 word, uint256 amountMicro) internal pure returns (uint256) {
        if (amountMicro > uint64(word >> BALANCE_SHIFT)) revert EnergyUncovered(account);
        unchecked {
            return word - (amountMicro << BALANCE_SHIFT);
        }
    }
}
